import PontoonMetadata
import PontoonTesting
import Testing

@Suite("SQL metadata store")
struct StoreContractTests {
    struct Rule: Sendable, CustomTestStringConvertible {
        let rule: any MetadataRule

        static let all = MetadataContract.rules.map(Rule.init)

        var testDescription: String { "\(type(of: rule)): \(rule)" }
    }

    @Test("satisfies the contract", arguments: TestDatabase.all, Rule.all)
    func contract(_ database: TestDatabase, _ rule: Rule) async throws {
        try await withStore(in: database) { try await rule.rule.check($0) }
    }
}
