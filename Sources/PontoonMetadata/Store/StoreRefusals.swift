import PontoonCore

/// Refusals shared by several methods of the store.
extension PontoonError {
    static func noSuchUser(cause: (any Error)? = nil) -> PontoonError {
        PontoonError(.userNotFound, "There is no user with this name.", cause: cause)
    }

    static func entryExists(cause: (any Error)? = nil) -> PontoonError {
        PontoonError(.fileExists, "The folder already has an entry with this name.", cause: cause)
    }

    static var folderInTheWay: PontoonError {
        PontoonError(.folderExists, "There already is a folder with this name.")
    }

    static var noSuchDestination: PontoonError {
        PontoonError(.destinationNotFound, "The destination folder does not exist.")
    }
}
