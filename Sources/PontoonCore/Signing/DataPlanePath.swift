/// Paths of the data plane, at which bytes pass without a token.
package enum DataPlanePath {
    /// What all of them begin with.
    package static let root = "/storage/"

    /// Where a part's bytes go: `PUT`.
    package static func part(upload uploadID: String, _ number: PartNumber) -> String {
        "\(root)parts/\(uploadID)/\(number.rawValue)"
    }

    /// Where a file's bytes come from: `GET`.
    package static func file(_ id: String) -> String { "\(root)files/\(id)" }
}
