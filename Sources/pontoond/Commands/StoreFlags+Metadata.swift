import PontoonApp
import PontoonMetadata

extension StoreFlags {
    /// Runs an administration command on the metadata store, which a running server may be using.
    ///
    /// - Parameters:
    ///   - flags: Flags of settings to apply in addition to the flags that select the stores.
    ///   - work: Receives the store, which is closed afterwards, and the settings.
    /// - Returns: The value of `work`.
    /// - Throws: `ExitCode.failure` if an error was printed; any other error of `work`.
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
