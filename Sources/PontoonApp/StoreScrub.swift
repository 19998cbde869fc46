import Foundation
package import PontoonCore
import PontoonMetadata
import PontoonObjects

/// The command `pontoond scrub`, which reads objects and compares them with their recorded lengths and checksums.
///
/// Servers may be using the stores.
package struct StoreScrub {
    private let settings: Settings
    private let rate: Int64
    private let interval: Duration
    private let report: @Sendable (String) -> Void
    private static let width = 4

    /// - Parameters:
    ///   - given: The settings, including the flags of the command.
    ///   - report: Receives one line for each object that is damaged or could not be checked.
    /// - Throws: ``SettingError`` if a value is invalid.
    package init(_ given: GivenSettings, report: @escaping @Sendable (String) -> Void) throws {
        settings = try Settings(given)
        rate = try given.value(of: .rate)
        interval = try given.value(of: .olderThan)
        self.report = report
    }

    /// Checks the objects of the given files, or all objects whose check is due according to `--older-than`.
    ///
    /// - Parameter files: Ids of files; empty to check all objects that are due.
    /// - Returns: The numbers of checked and damaged objects.
    /// - Throws: ``SettingError`` if a store cannot be used, or a file does not exist; an error if a store becomes
    ///   unavailable.
    package func run(_ files: [String]) async throws -> Scrub.Totals {
        try await OpenedStores.withMetadata(settings) { metadata in
            // Refuses the objects of another database, all of which would be reported as missing.
            try await metadata.bind(to: try settings.objectsLocation())
            return try await withSource { source in
                let scrub = Scrub(
                    store: metadata,
                    source: source,
                    bytesPerSecond: rate > 0 ? rate : nil,
                    width: Self.width
                )
                let report: @Sendable (ObjectCheck) async -> Void = { check in await show(check, metadata) }
                guard !files.isEmpty else { return try await scrub.run(interval: interval, report: report) }
                return try await scrub.run(try await contents(of: files, metadata), report: report)
            }
        }
    }

    private func withSource<Value>(_ body: (any ScrubSource) async throws -> Value) async throws -> Value {
        switch settings.objects {
        case .disk:
            let source = DiskScrubSource(settings.disk, threads: Self.width)
            return try await withClosing(source, close: { try await $0.shutDown() }, body)
        case .s3(let s3, let credentials):
            let bucket = try await OpenedStores.openBucket(s3, credentials)
            return try await withClosing(bucket, close: { try await $0.shutDown() }, body)
        }
    }

    private func contents(of files: [String], _ metadata: SQLMetadataStore) async throws -> [FileContent] {
        var contents: [FileContent] = []
        for id in files {
            guard let file = try await metadata.file(id, reading: .latest), let content = file.content else {
                throw SettingError("there is no file with the id '\(id)'; 'pontoon ls' lists the ids of files")
            }
            contents.append(content)
        }
        return contents
    }

    private func show(_ check: ObjectCheck, _ metadata: SQLMetadataStore) async {
        let finding: String
        switch check.outcome {
        case .verified, .readable: return
        case .damaged(.missing): finding = "missing"
        case .damaged(.length): finding = "damaged: the length is not \(check.object.size) bytes"
        case .damaged(.checksum): finding = "damaged: checksum mismatch"
        case .damaged(.unreadable): finding = "damaged: cannot be read"
        case .failed(let reason): finding = "not checked: \(reason)"
        }
        let files = (try? await metadata.files(of: check.object.key)) ?? []
        report("object \(check.object.key.rawValue) of \(files.joined(separator: ", ")): \(finding)")
    }
}
