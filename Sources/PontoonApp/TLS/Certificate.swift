package import Foundation
import Logging
import NIOPosix
package import PontoonServer
import ServiceLifecycle
import Synchronization

/// The server's certificate, which is read again when its files change.
package final class Certificate: Sendable {
    private struct State {
        /// The contents of the files when the certificate in use was read.
        var contents: CertificateFiles.Contents
        var expiry: Date
    }

    /// The configuration of new connections.
    ///
    /// It contains the certificate that was last loaded successfully.
    package let tls: ServerTLS
    private let files: CertificateFiles
    private let now: @Sendable () -> Date
    private let state: Mutex<State>

    /// Reads the files.
    ///
    /// - Throws: ``SettingError`` if a file cannot be read, or its contents cannot be used.
    package init(_ files: CertificateFiles, now: @escaping @Sendable () -> Date = { Date() }) throws {
        let contents = try files.read()
        let loaded = try files.load(contents, now: now())
        self.files = files
        self.now = now
        tls = ServerTLS(loaded.context)
        state = Mutex(State(contents: contents, expiry: loaded.expiry))
    }

    /// End of the validity of the certificate in use.
    package var expiry: Date { state.withLock { $0.expiry } }

    /// Time until the certificate in use expires; negative if it has expired.
    var remaining: Duration { .seconds(expiry.timeIntervalSince(now())) }

    /// Reads the files on a thread that may block, and uses their contents for new connections if they have changed.
    ///
    /// - Returns: Whether the certificate was replaced.
    /// - Throws: ``SettingError`` if a file cannot be read, or the new contents cannot be used; the earlier certificate
    ///   then stays in use. The next call tries again, because a certificate may only be not valid yet.
    package func reload() async throws -> Bool {
        try await NIOThreadPool.singleton.runIfActive { [self] in
            let contents = try files.read()
            guard state.withLock({ $0.contents != contents }) else { return false }
            let loaded = try files.load(contents, now: now())
            state.withLock { $0 = State(contents: contents, expiry: loaded.expiry) }
            tls.replace(with: loaded.context)
            return true
        }
    }
}

/// The service that reads the certificate again every ten seconds, and warns before it expires.
struct CertificateService: Service {
    let certificate: Certificate
    let logger: Logger

    private static let interval = Duration.seconds(10)
    /// Remaining validity below which a warning is logged; certificates of 90 days are usually renewed after 60.
    private static let warningPeriod = Duration.seconds(14 * 86400)

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var lastWarning: ContinuousClock.Instant?
            var lastError: String?
            await repeating(every: Self.interval) {
                do {
                    try await Self.reload(certificate, logger)
                    lastError = nil
                } catch is CancellationError {
                    // The service is being stopped.
                } catch {
                    // A file that cannot be used fails every time.
                    if lastError != "\(error)" { Self.log(error, logger) }
                    lastError = "\(error)"
                }
                if certificate.remaining < Self.warningPeriod,
                    lastWarning.map({ .now - $0 > .seconds(86400) }) ?? true
                {
                    lastWarning = .now
                    logger.warning(
                        "certificate expires soon",
                        metadata: ["expires": "\(certificate.expiry.formatted(.iso8601))"]
                    )
                }
            }
        }
    }

    /// Reads the certificate again, and logs if it was replaced.
    ///
    /// - Throws: The errors of ``Certificate/reload()``.
    static func reload(_ certificate: Certificate, _ logger: Logger) async throws {
        guard try await certificate.reload() else { return }
        logger.notice(
            "certificate replaced",
            metadata: ["expires": "\(certificate.expiry.formatted(.iso8601))"]
        )
    }

    private static func log(_ error: any Error, _ logger: Logger) {
        logger.error("certificate not replaced; the earlier one stays in use", metadata: ["error": "\(error)"])
    }
}
