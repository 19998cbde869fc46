import PontoonCore

extension PontoonError.Code {
    /// The platform code of a refusal.
    ///
    /// Source: docs/api.md#error-codes.
    var platformCode: Int {
        switch self {
        case .badRequest, .requestTooLarge, .headersTooLarge, .requestTimedOut: 90000
        case .checksumMismatch, .checksumMalformed, .bodyIncomplete, .partTooLong: 90000
        case .rangeNotSatisfiable, .preconditionFailed: 90000
        case .unavailable: 0
        case .rateLimited: 1000
        case .notAuthenticated: 90001
        case .forbidden, .urlRefused, .uploadLinkForbidden: 90002
        case .routeNotFound, .tokenNotFound, .automationNotFound, .packageNotFound, .billingGroupNotFound: 90003
        case .uploadLinkNotFound, .uploadLinkExpired, .eventsExpired, .webhookNotFound: 90003
        case .methodNotAllowed: 90006
        case .noRoom, .limitReached, .quotaExceeded: 90007
        case .unsupportedMediaType: 90008
        case .internalError: 90009
        case .notImplemented: 90010
        case .userForbidden: 2001
        case .userNotFound: 2002
        case .userExists: 2003
        case .projectForbidden: 3001
        case .projectNotFound, .memberNotFound: 3002
        case .projectExists, .memberExists: 3003
        case .memberNameMissing: 3005
        case .projectNameMissing: 3007
        case .projectIDMalformed: 3012
        case .permissionsMissing: 3011
        case .permissionsIncomplete: 3013
        case .fileForbidden: 5001
        case .fileNotFound, .contentLost: 5002
        case .fileExists: 5003
        case .projectQueryMalformed: 5005
        case .metadataInvalid: 5006
        case .fileChangeForbidden: 5008
        case .metadataChangeForbidden: 5009
        case .tagChangeForbidden: 5011
        case .typeNotFolder: 5012
        case .copyForbidden: 5014
        case .moveAcrossProjects: 5015
        case .folderNotDownloadable: 5017
        case .folderNotCopyable: 5018
        case .folderNotEmpty: 5021
        case .parentNotFolder: 5022
        case .folderDetailsFixed: 5023
        case .fileNameInvalid: 5024
        case .folderMetadataFixed: 5025
        case .destinationNotFound: 5026
        case .folderTagsFixed: 5027
        case .destinationMissing: 5029
        case .folderExists: 5030
        case .destinationAmbiguous: 5031
        case .moveForbidden: 5032
        case .folderCycle: 5033
        case .storageFull: 8000
        case .uploadForbidden: 8001
        case .destinationForbidden: 8002
        case .uploadNotFound: 8003
        case .nameTaken: 8005
        case .completeRefused: 8007
        case .partUnavailable: 8008
        case .abortRefused: 8009
        case .uploadProjectMalformed: 8010
        case .uploadIDMissing: 8011
        case .partNumberInvalid: 8012
        case .initializeInvalid: 8013
        case .reportInvalid: 8014
        case .partListInvalid: 8015
        case .jobSourceMissing: 57002
        case .jobDestinationMissing: 57003
        case .copyCycle: 57006
        case .jobSourceRepeated: 57008
        case .copyToOwnParent: 57009
        case .copyIntoItself: 57010
        case .moveToOwnParent: 57011
        case .moveIntoItself: 57012
        case .moveCycle: 57016
        case .jobFileNameInvalid: 57018
        case .jobFolderNameInvalid: 57019
        case .rootNotCopyable: 57020
        case .jobDestinationNotFolder: 57021
        case .rootNotMovable: 57022
        case .jobNotFound: 57039
        case .jobInvalid: 57429
        case .jobForbidden: 57431
        case .jobItemNotFound: 57432
        }
    }
}
