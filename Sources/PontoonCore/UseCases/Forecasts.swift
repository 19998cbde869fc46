package import PontoonFoundation

/// The use case that forecasts when a caller's uploads will be done, and when the disk will be full.
package struct Forecasts: Sendable {
    private let metadata: any UploadProgressStore
    private let storage: ObjectStorage
    private let received: ThroughputMeter
    private let now: @Sendable () -> Date

    /// - Parameters:
    ///   - metadata: The metadata store.
    ///   - storage: The object store.
    ///   - received: Measures the rate at which the bytes of all users' parts arrive.
    ///   - now: Returns the current time.
    package init(
        metadata: any UploadProgressStore,
        storage: ObjectStorage,
        received: ThroughputMeter,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.metadata = metadata
        self.storage = storage
        self.received = received
        self.now = now
    }

    /// Returns the forecasts for one page of the caller's unfinished uploads to project folders, newest first, and the
    /// forecast for the disk unless the caller's token is limited to projects.
    package func forecast(caller: Caller, page: Page) async throws -> Forecast {
        let now = now()
        let uploads = try await metadata.openUploadProgress(
            of: caller.name,
            in: caller.rights.projects,
            since: now.addingTimeInterval(-ForecastRules.window),
            page: page
        )
        let items = uploads.items.map { UploadForecast($0, seesParts: storage.seesParts, now: now) }
        return Forecast(
            uploads: Listing(items: items, total: uploads.total),
            // A token that is limited to projects must not reveal figures about the whole server.
            disk: caller.rights.projects == nil ? try await disk(now: now) : nil
        )
    }

    private func disk(now: Date) async throws -> DiskForecast? {
        guard case .streaming(let objects, _, _) = storage else { return nil }
        return DiskForecast(
            freeBytes: try await objects.availableSpace(),
            bytesPerSecond: received.bytesPerSecond,
            now: now
        )
    }
}
