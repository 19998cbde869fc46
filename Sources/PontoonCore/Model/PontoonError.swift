/// The reason why a request was refused.
///
/// Every failure that a caller can cause has one of these codes. Any other error is an internal error, which is logged
/// in full and returned as a 500 response without details.
package struct PontoonError: Error {
    /// The reason for the refusal.
    ///
    /// `PontoonServer` maps each to the platform's number and to an HTTP status.
    package enum Code: String, CaseIterable, Sendable {
        // General
        case badRequest, notAuthenticated, forbidden, routeNotFound, methodNotAllowed, unsupportedMediaType
        case requestTooLarge, headersTooLarge, noRoom, rateLimited, internalFault, unavailable
        // Users and projects
        case userForbidden, userNotFound, userExists
        case projectForbidden, projectNotFound, projectExists, projectNameMissing, projectIDMalformed
        case memberNotFound, memberExists, memberNameMissing, permissionsMissing, permissionsIncomplete
        // Files and folders
        case fileForbidden, fileNotFound, fileExists, projectQueryMalformed, metadataInvalid
        case fileChangeForbidden, metadataChangeForbidden, tagChangeForbidden
        case typeNotFolder, folderNotDownloadable, folderNotEmpty, parentNotFolder, folderDetailsFixed
        case fileNameInvalid, folderMetadataFixed, folderTagsFixed, destinationNotFound
        case destinationMissing, destinationAmbiguous, folderExists
        case copyForbidden, moveForbidden, moveAcrossProjects, folderNotCopyable, folderCycle
        // Uploads
        case uploadForbidden, destinationForbidden, uploadNotFound, nameTaken, completeRefused
        case partUnavailable, abortRefused, uploadProjectMalformed, uploadIDMissing
        case partNumberInvalid, initializeInvalid, reportInvalid, partListInvalid
        // Automations
        case automationNotFound, packageNotFound
        // Data plane
        case urlRefused, partTooLong, checksumMismatch, checksumMalformed, bodyIncomplete, storageFull
        case rangeNotSatisfiable
    }

    package let code: Code
    /// Sent to the caller, so it contains no path, host, query or key.
    package let message: String
    /// Logged, never sent.
    package let cause: (any Error)?

    package init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }
}

/// Refusals that several use cases share.
extension PontoonError {
    package static var projectNotFound: PontoonError {
        PontoonError(.projectNotFound, "Requested project does not exist.")
    }

    package static var fileNotFound: PontoonError {
        PontoonError(.fileNotFound, "Requested file or folder does not exist.")
    }

    package static var automationNotFound: PontoonError {
        PontoonError(.automationNotFound, "Requested automation does not exist.")
    }

    package static var uploadNotFound: PontoonError {
        PontoonError(.uploadNotFound, "Requested upload does not exist.")
    }

    /// The initiator lost the write permission after starting the upload.
    package static var uploadNotWritable: PontoonError {
        PontoonError(.uploadForbidden, "You cannot use this upload. You may no longer write into its project.")
    }

    package static var uploadCompleting: PontoonError {
        PontoonError(.partUnavailable, "The upload is being completed.")
    }
}

/// An error of a store that may succeed on retry.
package protocol TemporaryFault: Error {
    var isTemporary: Bool { get }
}
