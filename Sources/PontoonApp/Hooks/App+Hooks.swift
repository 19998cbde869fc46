import CoreMetrics
import Foundation
import Logging
import PontoonCore

extension App {
    /// Returns the validator that runs `--validate-command`; `nil` if the setting is not set.
    static func validateCommand(
        _ settings: HookSettings,
        _ stores: OpenedStores,
        _ metrics: AppMetrics?,
        _ logger: Logger,
        now: @escaping @Sendable () -> Date
    ) -> (any FileValidator)? {
        guard let path = settings.validateCommand, let location = stores.storage.programLocations(now: now) else {
            return nil
        }
        return ValidateCommand(
            program: Program(path: path, timeout: settings.validateTimeout),
            permits: Permits(settings.concurrency),
            location: location,
            metrics: metrics?.validations ?? .validations(factory: NOOPMetricsHandler.instance),
            logger: logger
        )
    }

    /// Sets the position of the hook command to the end of the event log, unless no hook command is set or it already
    /// has a position.
    ///
    /// Must be called before the server accepts requests, so that the hook runs for every file received from then on.
    static func prepareHooks(_ settings: Settings, _ metadata: any MetadataStore) async throws {
        guard settings.hooks.hookCommand != nil, try await metadata.hookCursor() == nil else { return }
        try await metadata.publishEvents()
        _ = try await metadata.moveHookCursor(from: nil, to: try await metadata.lastEvent())
    }

    /// Returns the service that runs `--hook-command`; `nil` if the setting is not set.
    static func hookService(
        _ settings: Settings,
        _ metadata: any MetadataStore,
        _ feed: EventFeed,
        _ metrics: AppMetrics?,
        _ logger: Logger,
        now: @escaping @Sendable () -> Date
    ) -> HookService? {
        guard let path = settings.hooks.hookCommand else { return nil }
        return HookService(
            hooks: Hooks(
                metadata: metadata,
                feed: feed,
                leaseDuration: settings.leaseDuration,
                concurrency: settings.hooks.concurrency,
                now: now
            ),
            program: Program(path: path, timeout: settings.hooks.hookTimeout),
            interval: (settings.leaseDuration ?? .seconds(3)) / 3,
            metrics: metrics?.hooks ?? HookMetrics(factory: NOOPMetricsHandler.instance),
            logger: logger
        )
    }
}
