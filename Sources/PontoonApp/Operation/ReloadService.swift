import Logging
import ServiceLifecycle
import UnixSignals

/// A resource that the server reads or opens again after SIGHUP.
package struct Reload: Sendable {
    /// The name of the resource in the log, such as `certificate`.
    let name: String
    let perform: @Sendable () async throws -> Void

    package init(_ name: String, perform: @escaping @Sendable () async throws -> Void) {
        self.name = name
        self.perform = perform
    }
}

/// The service that performs all reloads after each SIGHUP, in order, even if some of them fail.
struct ReloadService: Service {
    let reloads: [Reload]
    let hangups: UnixSignalsSequence
    let manager: ServiceManager?
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            for await _ in hangups { await reload() }
        }
    }

    private func reload() async {
        manager?.notifyReloading()
        var failed: [String] = []
        for reload in reloads {
            do {
                try await reload.perform()
            } catch {
                failed.append(reload.name)
                logger.error("reload failed", metadata: ["what": "\(reload.name)", "error": "\(error)"])
            }
        }
        logger.notice("reload finished", metadata: ["failed": .array(failed.map { "\($0)" })])
        manager?.notifyReady()
    }
}
