package import Foundation
import Logging
import NIOPosix
package import PontoonServer
import ServiceLifecycle
import Synchronization

/// The server's TLS certificate, which can be replaced while the server runs.
package final class Certificate: Sendable {
    private struct State {
        /// The contents of the files from which the certificate in use was loaded.
        var contents: CertificateFiles.Contents
        var expiry: Date
    }

    /// The TLS configuration for new connections.
    ///
    /// Contains the most recently loaded valid certificate.
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

    /// Time at which the certificate in use expires.
    package var expiry: Date { state.withLock { $0.expiry } }

    /// Time until the certificate in use expires; negative if it has expired.
    var remaining: Duration { .seconds(expiry.timeIntervalSince(now())) }

    /// Reads the files on a thread that may block, and uses their contents for new connections if they have changed.
    ///
    /// If this fails, the earlier certificate stays in use. The next call tries the same files again, because a
    /// certificate that is not yet valid can become valid.
    ///
    /// - Returns: `true` if the certificate was replaced.
    /// - Throws: ``SettingError`` if a file cannot be read, or the new contents cannot be used.
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

/// The service that reloads the certificate every ten seconds if its files changed.
///
/// From 14 days before the certificate expires, it logs once a day that the certificate expires soon or has expired.
struct CertificateService: Service {
    let certificate: Certificate
    let logger: Logger

    private static let interval = Duration.seconds(10)
    /// Remaining validity below which a warning is logged.
    ///
    /// Certificates that are valid for 90 days are usually renewed after 60 days, so they cause no warning.
    private static let warningPeriod = Duration.seconds(14 * 86400)

    /// Returns what to log once a day about a certificate, given its remaining validity; `nil` for nothing.
    static func warning(_ remaining: Duration) -> (level: Logger.Level, message: Logger.Message)? {
        if remaining <= .zero { return (.error, "certificate expired") }
        return remaining < warningPeriod ? (.warning, "certificate expires soon") : nil
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var lastWarning: (time: ContinuousClock.Instant, level: Logger.Level)?
            var lastError: String?
            await repeating(every: Self.interval) {
                do {
                    try await Self.reload(certificate, logger)
                    lastError = nil
                } catch is CancellationError {
                    // The service is being stopped.
                } catch {
                    // The next attempts usually fail with the same error, which is logged only once.
                    if lastError != "\(error)" { Self.log(error, logger) }
                    lastError = "\(error)"
                }
                if let (level, message) = Self.warning(certificate.remaining),
                    lastWarning.map({ level != $0.level || .now - $0.time > .seconds(86400) }) ?? true
                {
                    lastWarning = (.now, level)
                    logger.log(
                        level: level,
                        message,
                        metadata: ["expires": "\(certificate.expiry.formatted(.iso8601))"]
                    )
                }
            }
        }
    }

    /// Reloads the certificate if its files changed, and logs that it was replaced.
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
