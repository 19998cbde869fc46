import PontoonCore
import PontoonTesting

extension APIResponse {
    /// ETags of the reported parts in the details of an upload, keyed by part number.
    var reportedTags: [Int: String] {
        get throws {
            guard case .array(let parts) = self["parts"] else {
                throw UnexpectedResponse(description: "no list of parts: \(status) \(bodyText)")
            }
            var tags: [Int: String] = [:]
            for case .object(let part) in parts {
                guard let number = part["part_number"]?.integer, case .object(let response) = part["response"],
                    case .object(let headers) = response["headers"], case .string(let tag) = headers["ETag"]
                else { throw UnexpectedResponse(description: "a listed part lacks its number or tag") }
                tags[Int(number)] = tag
            }
            return tags
        }
    }
}
