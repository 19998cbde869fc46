/// A refusal: something the caller asked for that cannot be done, and why.
///
/// Everything that a caller can bring about ends in one of these codes; any other error is an internal fault, logged in
/// full and answered with a bare 500.
package struct PontoonError: Error {
    /// What was refused.
    ///
    /// `Wire/PlatformCode.swift` gives each its number, `PontoonServer/Middleware` its HTTP status.
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

    /// What was refused.
    package let code: Code
    /// Sent to the caller as it is: no path, host, query or key in it.
    package let message: String
    /// Logged, never sent.
    package let cause: (any Error)?

    /// Makes a refusal.
    package init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }
}

/// An error of a store that may be gone when the same is asked again: nobody asked for anything wrong.
package protocol TemporaryFault: Error {
    /// Whether it may.
    var isTemporary: Bool { get }
}
