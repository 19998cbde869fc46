import PontoonCore

extension SQLMetadataStore: ReachableStore {
    package func ping() async throws { try await ping(within: .seconds(2)) }
}
