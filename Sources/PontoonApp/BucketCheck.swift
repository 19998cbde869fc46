import Foundation
import Logging
import PontoonCore
import PontoonObjects
import PontoonServer
import ServiceLifecycle

/// The command `pontoond check-bucket`, which checks whether the server and web pages can use the bucket.
package struct BucketCheck {
    private let settings: Settings
    private let fixesRules: Bool
    private let report: (String) -> Void

    /// - Parameters:
    ///   - settings: The server's settings, which select the bucket and the origins to check.
    ///   - fixesRules: Whether to add a missing CORS rule to the bucket.
    ///   - report: Receives each result as one line. A suggested CORS rule follows on further lines.
    package init(settings: Settings, fixesRules: Bool, report: @escaping (String) -> Void) {
        self.settings = settings
        self.fixesRules = fixesRules
        self.report = report
    }

    /// Checks the bucket.
    ///
    /// - Returns: `true` if no problem was found or all problems were fixed, or if there are no origins to check.
    /// - Throws: ``SettingError`` if the objects are not in a bucket, the server cannot use the bucket, or the check
    ///   cannot be finished.
    package func run() async throws -> Bool {
        guard case .s3(let s3, let credentials) = settings.objects else {
            throw SettingError(.objects, "the objects are not in a bucket; pass the server's --objects")
        }
        let bucket = try await OpenedStores.openBucket(s3, credentials)
        return try await withClosing(bucket, close: { try await $0.shutDown() }) { bucket in
            report("The server can use the bucket '\(s3.bucket)'.")
            do {
                return try await checkPages(bucket)
            } catch let error where !(error is SettingError || error is CancellationError) {
                throw SettingError(.objects, "cannot finish the check: \(OpenedStores.oneLine(error))")
            }
        }
    }

    private func checkPages(_ bucket: S3ObjectStore) async throws -> Bool {
        let origins = settings.pageOrigins
        guard !origins.isEmpty else {
            report(
                settings.server.servesConsole
                    ? "Web pages were not checked, because the origin of the console is unknown. Set --public-url."
                    : "Web pages were not checked, because the console is disabled and no origin is allowed."
            )
            return true
        }
        var results = try await check(origins, bucket)
        guard report(results, bucket) else {
            // Suggests or adds a rule only if the bucket denied a request. A bucket that cannot be reached from here
            // may need no rule, and an unnecessary rule can exclude origins that the store allows without one.
            let isDenied = results.contains { if case .denied = $0.result { true } else { false } }
            guard isDenied else { return false }
            let rule = CrossOriginRule(for: origins)
            guard fixesRules else {
                report("Run this command with --fix-cors, or add this CORS rule to the bucket:\n\(rule.json)")
                return false
            }
            try await bucket.addCrossOriginRule(rule)
            report("Added the CORS rule '\(CrossOriginRule.ownID)' to the bucket.")
            // Some stores apply a new rule with a delay of several seconds.
            for attempt in 1...10 {
                results = try await check(origins, bucket)
                if attempt == 10 || results.allSatisfy({ $0.result == .allowed }) { break }
                try await Task.sleep(for: .seconds(1))
            }
            return report(results, bucket)
        }
        return true
    }

    private func check(_ origins: [String], _ bucket: S3ObjectStore) async throws -> [OriginResult] {
        var results: [OriginResult] = []
        for origin in origins { results.append((origin, try await bucket.checkCrossOrigin(of: origin))) }
        return results
    }

    /// Reports the result for every origin.
    ///
    /// - Returns: `true` if the pages of all origins can exchange bytes with the bucket.
    private func report(_ results: [OriginResult], _ bucket: S3ObjectStore) -> Bool {
        for (origin, result) in results {
            let pages = origin == "*" ? "Pages of any origin" : "Pages at \(origin)"
            switch result {
            case .allowed: report("\(pages) can exchange bytes with the bucket.")
            case .denied(let action): report("\(pages) cannot \(action).")
            case .unreachable(let reason):
                report("\(pages) were not checked: \(bucket.clientOrigin) cannot be reached from here: \(reason)")
            }
        }
        return results.allSatisfy { $0.result == .allowed }
    }

    private typealias OriginResult = (origin: String, result: CrossOriginResult)
}

extension S3ObjectStore {
    /// Checks whether pages of an origin can use the bucket.
    ///
    /// For `*`, this function checks a nonexistent origin, which only a rule for all origins allows.
    fileprivate func checkCrossOrigin(of origin: String) async throws -> CrossOriginResult {
        try await checkCrossOrigin(origin == "*" ? "https://any-origin.invalid" : origin)
    }
}

extension Settings {
    /// The sorted origins of pages that exchange bytes with the bucket; `*` alone if any origin is allowed.
    ///
    /// The origin of the console is included, unless the console is disabled or its origin is unknown.
    package var pageOrigins: [String] {
        var origins: Set<String> = []
        switch server.allowedOrigins {
        case .none: break
        case .any: return ["*"]
        case .listed(let listed): origins = listed
        }
        if server.servesConsole, let console = server.consoleOrigin { origins.insert(console) }
        return origins.sorted()
    }
}

/// The service that checks once, after startup, whether web pages can exchange bytes with the bucket.
///
/// If the bucket denies this, the service only logs a warning, because other clients need no CORS rule.
struct BucketCheckService: Service {
    let bucket: S3ObjectStore
    let origins: [String]
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var denied: [String] = []
            for origin in origins {
                do {
                    switch try await bucket.checkCrossOrigin(of: origin) {
                    case .allowed: break
                    case .denied: denied.append(origin)
                    case .unreachable(let reason):
                        logger.debug(
                            "cross-origin check failed",
                            metadata: ["origin": "\(origin)", "error": "\(reason)"]
                        )
                    }
                } catch {
                    logger.debug("cross-origin check failed", metadata: ["origin": "\(origin)", "error": "\(error)"])
                }
            }
            if !denied.isEmpty {
                logger.warning(
                    "bucket denies cross-origin requests; run 'pontoond check-bucket'",
                    metadata: ["origins": "\(denied.joined(separator: " "))"]
                )
            }
        }
    }
}
