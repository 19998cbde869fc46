import PontoonCore

/// Refusals that several methods of the store share.
extension PontoonError {
    static var noSuchUser: PontoonError {
        PontoonError(.userNotFound, "The user does not exist.")
    }

    static var entryExists: PontoonError {
        PontoonError(.fileExists, "The folder already contains a file or folder with this name.")
    }

    static var folderInTheWay: PontoonError {
        PontoonError(.folderExists, "A folder with this name already exists.")
    }

    static var folderTooDeep: PontoonError {
        let refusal = "The folder would be more than \(FolderRules.maximumLevel) levels deep"
        return PontoonError(.limitReached, "\(refusal); choose a destination with fewer folders above it.")
    }

    static func tooManyUploads(_ maximum: Int) -> PontoonError {
        PontoonError(
            .limitReached,
            "The maximum of \(maximum) unfinished uploads is reached; complete or abort one of them first."
        )
    }

    static var noSuchDestination: PontoonError {
        PontoonError(.destinationNotFound, "The destination folder does not exist.")
    }
}
