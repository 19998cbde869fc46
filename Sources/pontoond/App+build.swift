import Foundation
import Hummingbird
import Logging
import NIOCore
import PontoonCore
import PontoonMetadata
import PontoonObjects
import PontoonServer
import ServiceLifecycle
import SystemPackage
import UnixSignals

/// The chosen stores, and the use cases over them.
struct App {
    let settings: Settings
    let metadata: SQLMetadataStore
    let objects: DiskObjectStore
    let accounts: Accounts
    let hasher: PrefixHasher
    let uploads: Uploads
    let maintenance: Maintenance
    let logger: Logger

    /// Opens the stores and puts right what a crash left behind.
    static func build(_ settings: Settings, logger: Logger) async throws -> App {
        try DataFolder.make(settings.data)
        let metadata = try await SQLMetadataStore.open(settings.sqlite)
        let keys = KeyRing(
            store: metadata,
            rotationInterval: settings.keyLifetime,
            urlLifetime: settings.disk.urlLifetime
        )
        let objects = try DiskObjectStore(settings.disk, keys: keys)
        let hasher = PrefixHasher(metadata: metadata, objects: objects)
        let uploads = Uploads(metadata: metadata, objects: objects, sizing: settings.sizing, hasher: hasher)
        let maintenance = Maintenance(
            metadata: metadata,
            objects: objects,
            uploads: uploads,
            keys: keys,
            uploadLifetime: settings.uploadLifetime
        )
        try await maintenance.recover()
        return App(
            settings: settings,
            metadata: metadata,
            objects: objects,
            accounts: Accounts(metadata: metadata),
            hasher: hasher,
            uploads: uploads,
            maintenance: maintenance,
            logger: logger
        )
    }

    /// Serves until SIGTERM or SIGINT; running requests then have the set grace, unless a second signal comes.
    ///
    /// - Parameter onReady: Called with the port once the server listens.
    /// - Throws: When the address cannot be listened on.
    func run(onReady: @escaping @Sendable (Int) async -> Void) async throws {
        let services = Services(
            accounts: accounts,
            projects: Projects(metadata: metadata, objects: objects),
            files: Files(metadata: metadata, objects: objects),
            uploads: uploads,
            automations: Automations(metadata: metadata),
            dataPlane: Services.DataPlane(
                parts: Parts(metadata: metadata, objects: objects, hasher: hasher),
                objects: objects,
                metadata: metadata
            )
        )
        let port = settings.server.port
        let server = buildServer(services, settings: settings.server, logger: logger) { channel in
            await onReady(channel.localAddress?.port ?? port)
        }
        var configuration = ServiceGroupConfiguration(
            services: [
                // First, so that it stops last.
                .init(service: SecondSignal()),
                .init(service: Housekeeping(maintenance: maintenance, logger: logger)),
                .init(service: Hashing(hasher: hasher, logger: logger)),
                // Last, so that it stops first.
                .init(service: server),
            ],
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: logger
        )
        configuration.maximumGracefulShutdownDuration = settings.grace
        do {
            try await ServiceGroup(configuration: configuration).run()
        } catch let error as IOError {
            throw cannotListen("\(Errno(rawValue: error.errnoCode))")
        } catch is SocketAddressError.UnknownHost {
            throw cannotListen("the host is not known")
        }
        try await objects.shutDown()
        try await metadata.close()
    }
}

extension App {
    /// The server's socket is the only one that the services make by themselves.
    private func cannotListen(_ reason: String) -> SettingError {
        SettingError(.listen, "'\(settings.server.host):\(settings.server.port)' cannot be listened on: \(reason)")
    }
}

/// Expires uploads, removes garbage and rotates keys, once a minute.
struct Housekeeping: Service {
    let maintenance: Maintenance
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                let (expired, errors) = await maintenance.tidy()
                for id in expired { logger.notice("an idle upload was aborted", metadata: ["upload.id": "\(id)"]) }
                for error in errors { logger.error("housekeeping failed", metadata: ["error": "\(error)"]) }
                guard (try? await Task.sleep(for: .seconds(60))) != nil else { return }
            }
        }
    }
}

/// Ends the process at once when it is asked to stop a second time: whoever asks twice does not want to wait for the grace.
///
/// What was acknowledged is safe whenever the process ends, so nothing has to be tidied first.
struct SecondSignal: Service {
    func run() async throws {
        await cancelWhenGracefulShutdown {
            var isStopping = false
            for await _ in await UnixSignalsSequence(trapping: .sigterm, .sigint) {
                if isStopping { exit(EXIT_FAILURE) }
                isStopping = true
            }
        }
    }
}

/// Verifies declared MD5s in the background.
struct Hashing: Service {
    let hasher: PrefixHasher
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await hasher.run { error in
                logger.warning("a part could not be hashed yet", metadata: ["error": "\(error)"])
            }
        }
    }
}
