import PontoonApp
import PontoonMetadata

extension StoreFlags {
    /// Runs an administration command on the metadata store, which a running server may be using; `flags` are further
    /// flags of the command.
    func withMetadata<Value>(
        flags: [GivenFlag] = [],
        _ work: (SQLMetadataStore, Settings) async throws -> Value
    ) async throws -> Value {
        try await Pontoond.run {
            let settings = try Settings(try GivenSettings(flags: givenFlags + flags))
            return try await OpenedStores.withMetadata(settings) { try await work($0, settings) }
        }
    }
}
