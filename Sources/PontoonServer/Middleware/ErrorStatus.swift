import HTTPTypes
import Hummingbird
import PontoonCore

extension PontoonError.Code {
    /// The HTTP status of a refusal; here and nowhere else.
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
            .checksumMalformed, .bodyIncomplete:
            .badRequest
        case .notAuthenticated: .unauthorized
        case .forbidden, .userForbidden, .projectForbidden, .fileForbidden, .fileChangeForbidden,
            .metadataChangeForbidden, .tagChangeForbidden, .copyForbidden, .moveForbidden, .uploadForbidden,
            .destinationForbidden, .urlRefused:
            .forbidden
        case .routeNotFound, .userNotFound, .projectNotFound, .memberNotFound, .fileNotFound, .destinationNotFound,
            .uploadNotFound, .automationNotFound, .packageNotFound:
            .notFound
        case .methodNotAllowed: .methodNotAllowed
        case .unsupportedMediaType: .unsupportedMediaType
        case .requestTooLarge, .partTooLong: .contentTooLarge
        case .headersTooLarge: .requestHeaderFieldsTooLarge
        case .rateLimited: .tooManyRequests
        case .rangeNotSatisfiable: .rangeNotSatisfiable
        case .userExists, .projectExists, .memberExists, .fileExists, .folderExists, .nameTaken, .completeRefused,
            .partUnavailable, .abortRefused, .noRoom:
            .conflict
        case .internalFault: .internalServerError
        case .storageFull, .unavailable: .serviceUnavailable
        }
    }
}

extension Response {
    /// What a refusal looks like.
    ///
    /// Never an `ETag`: some clients report it whatever the status.
    static func refusal(_ error: PontoonError) throws -> Response {
        var response = try json(ErrorBody(error), status: error.code.status)
        if error.code.status == .serviceUnavailable { response.headers[.retryAfter] = "1" }
        return response
    }
}

extension ErrorBody {
    /// What a refusal says.
    init(_ error: PontoonError) {
        self.init(status: error.code.status.code, code: error.code.platformCode, message: error.message)
    }
}
