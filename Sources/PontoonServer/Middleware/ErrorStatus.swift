import HTTPTypes
import PontoonCore

extension PontoonError.Code {
    /// The HTTP status of a refusal.
    ///
    /// Source: docs/api.md#error-codes.
    var status: HTTPResponse.Status {
        switch self {
        case .badRequest, .memberNameMissing, .permissionsMissing, .permissionsIncomplete,
            .projectNameMissing, .projectIDMalformed, .projectQueryMalformed, .metadataInvalid,
            .typeNotFolder, .folderNotDownloadable, .folderNotEmpty, .parentNotFolder, .folderDetailsFixed,
            .fileNameInvalid, .folderMetadataFixed, .folderTagsFixed, .destinationMissing, .destinationAmbiguous,
            .uploadProjectMalformed, .uploadIDMissing, .partNumberInvalid, .initializeInvalid, .reportInvalid,
            .moveAcrossProjects, .folderNotCopyable, .folderCycle, .partListInvalid, .checksumMismatch,
            .checksumMalformed, .bodyIncomplete, .jobInvalid, .jobSourceMissing, .jobSourceRepeated,
            .jobDestinationMissing, .jobDestinationNotFolder, .jobFileNameInvalid, .jobFolderNameInvalid,
            .copyToOwnParent, .copyIntoItself, .copyCycle, .rootNotCopyable, .moveToOwnParent, .moveIntoItself,
            .moveCycle, .rootNotMovable:
            .badRequest
        case .notAuthenticated: .unauthorized
        case .forbidden, .userForbidden, .projectForbidden, .fileForbidden, .fileChangeForbidden,
            .metadataChangeForbidden, .tagChangeForbidden, .copyForbidden, .moveForbidden, .uploadForbidden,
            .destinationForbidden, .urlRefused, .uploadLinkForbidden, .jobForbidden:
            .forbidden
        case .routeNotFound, .userNotFound, .tokenNotFound, .projectNotFound, .memberNotFound, .fileNotFound,
            .destinationNotFound, .uploadNotFound, .uploadLinkNotFound, .automationNotFound, .packageNotFound,
            .webhookNotFound, .billingGroupNotFound, .jobNotFound, .jobItemNotFound:
            .notFound
        case .contentLost, .uploadLinkExpired, .eventsExpired: .gone
        case .methodNotAllowed: .methodNotAllowed
        case .unsupportedMediaType: .unsupportedMediaType
        case .requestTooLarge, .partTooLong: .contentTooLarge
        case .headersTooLarge: .requestHeaderFieldsTooLarge
        case .rateLimited: .tooManyRequests
        case .requestTimedOut: .requestTimeout
        case .rangeNotSatisfiable: .rangeNotSatisfiable
        case .preconditionFailed: .preconditionFailed
        case .userExists, .projectExists, .memberExists, .fileExists, .folderExists, .nameTaken, .completeRefused,
            .partUnavailable, .abortRefused, .noRoom, .limitReached, .quotaExceeded:
            .conflict
        case .notImplemented: .notImplemented
        case .internalError: .internalServerError
        case .storageFull, .unavailable: .serviceUnavailable
        }
    }
}
