/// An error with a code and a message that are returned to the caller.
///
/// Every error that a caller can cause is a `PontoonError`. Any other error is logged in full, and the API returns it
/// without details: as 503 if a retry may succeed, for example after a ``TemporaryError`` whose `isTemporary` is true;
/// otherwise as 500.
package struct PontoonError: Error {
    /// The reason for the error.
    ///
    /// `PontoonServer` maps each case to a platform code and an HTTP status.
    package enum Code: String, CaseIterable, Sendable {
        // General
        case badRequest, notAuthenticated, forbidden, routeNotFound, methodNotAllowed, unsupportedMediaType
        case requestTooLarge, headersTooLarge, requestTimedOut, noRoom, limitReached, quotaExceeded, rateLimited
        case notImplemented, internalError, unavailable
        // Users and projects
        case userForbidden, userNotFound, userExists, tokenNotFound, billingGroupNotFound
        case projectForbidden, projectNotFound, projectExists, projectNameMissing, projectIDMalformed
        case memberNotFound, memberExists, memberNameMissing, permissionsMissing, permissionsIncomplete
        // Files and folders
        case fileForbidden, fileNotFound, fileExists, contentLost, projectQueryMalformed, metadataInvalid
        case fileChangeForbidden, metadataChangeForbidden, tagChangeForbidden
        case typeNotFolder, folderNotDownloadable, folderNotEmpty, parentNotFolder, folderDetailsFixed
        case fileNameInvalid, folderMetadataFixed, folderTagsFixed, destinationNotFound
        case destinationMissing, destinationAmbiguous, folderExists
        case copyForbidden, moveForbidden, moveAcrossProjects, folderNotCopyable, folderCycle
        // Jobs
        case jobInvalid, jobNotFound, jobForbidden, jobItemNotFound, jobSourceMissing, jobSourceRepeated
        case jobDestinationMissing, jobDestinationNotFolder, jobFileNameInvalid, jobFolderNameInvalid
        case copyToOwnParent, copyIntoItself, copyCycle, rootNotCopyable
        case moveToOwnParent, moveIntoItself, moveCycle, rootNotMovable
        // Uploads
        case uploadForbidden, destinationForbidden, uploadNotFound, nameTaken, completeRefused
        case partUnavailable, abortRefused, uploadProjectMalformed, uploadIDMissing
        case partNumberInvalid, initializeInvalid, reportInvalid, partListInvalid
        // Events
        case eventsExpired, webhookNotFound
        // Upload links
        case uploadLinkNotFound, uploadLinkExpired, uploadLinkForbidden
        // Automations
        case automationNotFound, packageNotFound
        // Data plane
        case urlRefused, partTooLong, checksumMismatch, checksumMalformed, bodyIncomplete, storageFull
        case rangeNotSatisfiable, preconditionFailed
    }

    package let code: Code
    /// Text for the caller; an error of an API call must not contain file paths, host names, SQL or object keys.
    package let message: String
    /// The underlying error, which is logged but never sent to the caller; `nil` if there is none.
    package let cause: (any Error)?

    package init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }
}

/// Refusals that several use cases share.
extension PontoonError {
    package static var notAuthenticated: PontoonError {
        PontoonError(.notAuthenticated, "A valid authentication token is required.")
    }

    /// The refusal of text that contains U+0000, which databases cannot store.
    package static var textContainsNull: PontoonError {
        PontoonError(.badRequest, "Text must not contain the character U+0000.")
    }

    /// The error for an operator who names a user that does not exist.
    ///
    /// Operators may know which users exist.
    package static func noUser(_ name: String) -> PontoonError {
        PontoonError(.userNotFound, "There is no user '\(name)'.")
    }

    /// The error for an operator who names a project that does not exist.
    ///
    /// Operators may know which projects exist.
    package static func noProject(_ id: ProjectID) -> PontoonError {
        PontoonError(.projectNotFound, "There is no project '\(id)'.")
    }

    package static var projectNotFound: PontoonError {
        PontoonError(.projectNotFound, "Requested project does not exist.")
    }

    /// The refusal of a change in a locked project.
    ///
    /// `code` is the code with which the call also refuses callers who lack the `write` permission.
    package static func projectLocked(_ id: ProjectID, _ code: Code) -> PontoonError {
        PontoonError(code, "Project \(id) is locked; an admin can unlock it in its settings.")
    }

    /// The refusal of a path in which a project is not given as two segments, the owner and the short name.
    package static var projectIDMalformed: PontoonError {
        PontoonError(
            .projectIDMalformed,
            "A path must name a project as two segments, 'owner/project'; do not encode the '/' between them."
        )
    }

    package static var fileNotFound: PontoonError {
        PontoonError(.fileNotFound, "Requested file or folder does not exist.")
    }

    package static var uploadLinkNotFound: PontoonError {
        PontoonError(.uploadLinkNotFound, "Requested upload link does not exist.")
    }

    /// The refusal of a sender whose session was deleted while the call was running, usually with its link.
    package static var uploadLinkRevoked: PontoonError {
        PontoonError(.notAuthenticated, "The upload link was revoked.")
    }

    package static var webhookNotFound: PontoonError {
        PontoonError(.webhookNotFound, "Requested webhook does not exist.")
    }

    package static var automationNotFound: PontoonError {
        PontoonError(.automationNotFound, "Requested automation does not exist.")
    }

    package static var tokenNotFound: PontoonError {
        PontoonError(.tokenNotFound, "Requested token does not exist.")
    }

    /// The refusal of a cursor if events after it have been deleted, or it does not belong to the current event log.
    package static var eventsExpired: PontoonError {
        PontoonError(
            .eventsExpired,
            """
            The cursor is no longer valid, because the events after it were deleted or a backup was restored; list the \
            files again, and read the events without a cursor.
            """
        )
    }

    package static var uploadNotFound: PontoonError {
        PontoonError(.uploadNotFound, "Requested upload does not exist.")
    }

    /// The refusal of a call that contributes to an upload if its initiator no longer has the `write` permission.
    package static var uploadNotWritable: PontoonError {
        PontoonError(.uploadForbidden, "You cannot use this upload without the 'write' permission in its project.")
    }

    /// The refusal of a part or report if the upload is being completed or is already completed.
    package static var uploadCompleting: PontoonError {
        PontoonError(.partUnavailable, "The upload is being completed; it no longer accepts parts or reports.")
    }
}

/// A store's error that may be temporary.
package protocol TemporaryError: Error {
    /// Whether the same call may succeed on retry.
    var isTemporary: Bool { get }
}
