import PontoonCore

/// Refusals that several methods of the store share.
extension PontoonError {
    static func noSuchUser(cause: (any Error)? = nil) -> PontoonError {
        PontoonError(.userNotFound, "The user does not exist.", cause: cause)
    }

    static func entryExists(cause: (any Error)? = nil) -> PontoonError {
        PontoonError(.fileExists, "The folder already has an entry with this name.", cause: cause)
    }

    static var folderInTheWay: PontoonError {
        PontoonError(.folderExists, "A folder with this name already exists.")
    }

    static func tooManyUploads(_ maximum: Int) -> PontoonError {
        PontoonError(
            .limitReached,
            "You have \(maximum) unfinished uploads, the maximum; complete or abort one of them first."
        )
    }

    static var noSuchDestination: PontoonError {
        PontoonError(.destinationNotFound, "The destination folder does not exist.")
    }
}
