/// Paths of the data plane, whose signed URLs need no token.
package enum DataPlanePath {
    package static let root = "/storage/"

    /// `PUT` stores a part.
    package static func part(upload uploadID: String, _ number: PartNumber) -> String {
        "\(root)parts/\(uploadID)/\(number.rawValue)"
    }

    /// `GET` reads a file.
    package static func file(_ id: String) -> String { "\(root)files/\(id)" }
}
