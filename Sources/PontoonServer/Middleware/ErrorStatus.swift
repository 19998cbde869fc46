import HTTPTypes
import Hummingbird
import PontoonCore

extension PontoonError.Code {
    /// The HTTP status of a refusal; here and nowhere else.
    ///
    /// Source: docs/api.md#error-codes.
    var status: HTTPResponse.Status {
        switch self {
        case .badRequest, .projectNameMissing, .projectIDMalformed, .projectQueryMalformed, .metadataInvalid,
            .typeNotFolder, .folderNotDownloadable, .folderNotEmpty, .parentNotFolder, .folderDetailsFixed,
            .fileNameInvalid, .folderMetadataFixed, .folderTagsFixed, .destinationMissing, .destinationAmbiguous,
            .uploadProjectMalformed, .uploadIDMissing, .partNumberInvalid, .initializeInvalid, .reportInvalid,
            .partListInvalid, .checksumMismatch, .checksumMalformed, .bodyIncomplete:
            .badRequest
        case .notAuthenticated: .unauthorized
        case .forbidden, .userForbidden, .projectForbidden, .fileForbidden, .fileChangeForbidden,
            .metadataChangeForbidden, .tagChangeForbidden, .uploadForbidden, .destinationForbidden, .urlRefused:
            .forbidden
        case .routeNotFound, .userNotFound, .projectNotFound, .fileNotFound, .destinationNotFound, .uploadNotFound:
            .notFound
        case .methodNotAllowed: .methodNotAllowed
        case .unsupportedMediaType: .unsupportedMediaType
        case .requestTooLarge, .partTooLong: .contentTooLarge
        case .headersTooLarge: .requestHeaderFieldsTooLarge
        case .rangeNotSatisfiable: .rangeNotSatisfiable
        case .userExists, .projectExists, .fileExists, .folderExists, .nameTaken, .completeRefused,
            .partUnavailable, .abortRefused, .noRoom:
            .conflict
        case .internalFault: .internalServerError
        case .storageFull: .serviceUnavailable
        }
    }
}

extension Response {
    /// What a refusal looks like.
    ///
    /// Never an `ETag`: some clients report it whatever the status.
    static func refusal(_ error: PontoonError) throws -> Response {
        let status = error.code.status
        var response = try json(
            ErrorBody(status: status.code, code: error.code.platformCode, message: error.message),
            status: status
        )
        if error.code == .storageFull { response.headers[.retryAfter] = "1" }
        return response
    }
}
