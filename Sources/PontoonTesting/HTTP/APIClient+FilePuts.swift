import Foundation
package import NIOCore
package import NIOHTTP1
import PontoonCore

extension APIClient {
    /// Stores a file in one call, in the admin's project unless `place` names another destination.
    ///
    /// - Parameters:
    ///   - name: Name of the file.
    ///   - bytes: The bytes of the file.
    ///   - place: The destination as query parameters.
    ///   - rule: The value of `on_conflict`; `nil` omits it.
    ///   - headers: Headers in addition to the token.
    /// - Returns: The response, even if its status is an error.
    /// - Throws: An error if there is no response.
    package func putFile(
        _ name: String,
        _ bytes: ByteBuffer,
        to place: String = "project=admin/uploads",
        onConflict rule: String? = nil,
        headers: HTTPHeaders = [:]
    ) async throws -> APIResponse {
        var headers = headers
        if let token { headers.add(name: "X-SBG-Auth-Token", value: token) }
        let conflict = rule.map { "&on_conflict=\($0)" } ?? ""
        let encoded = name.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        let url = "\(origin)/v2/files/content?\(place)&name=\(encoded)\(conflict)"
        return try await send(.PUT, url, bytes, headers: headers)
    }
}
