import NIOCore
import PontoonFoundation

/// The use case that stores the files and folders of an archive.
///
/// Each file is stored as described at ``Uploads/put(_:body:limit:reserving:)``, except that small files share syncs
/// and transactions. The result of an entry is reported once the entry is durable or refused.
package struct Archives: Sendable {
    /// Maximum size in bytes of a small file, which is kept in memory until it is stored with other files.
    static let smallSize: Int64 = 1 << 20
    /// Maximum number of concurrent queries for existing files and quotas.
    private static let lookUps = 8

    let uploads: Uploads
    private var metadata: any MetadataStore { uploads.metadata }

    package init(uploads: Uploads) { self.uploads = uploads }

    /// Checks the destination of an archive.
    ///
    /// - Parameters:
    ///   - put: The folder and the conflict rule.
    ///   - caller: Needs `write` in the project.
    /// - Returns: The destination for ``reception(into:limit:limits:labels:reserving:)``.
    /// - Throws: `.projectNotFound`, `.destinationNotFound`, `.destinationForbidden` or `.parentNotFolder`.
    ///   `.destinationForbidden` is also thrown if the rule is `overwrite` and the scope of the caller's token is
    ///   `upload`.
    package func check(_ put: ArchivePut, caller: Caller) async throws -> ArchiveDestination {
        try Uploads.check(put.rule, caller)
        let (folder, project) = try await uploads.access.folder(
            put.folder,
            for: caller,
            reading: .cached,
            needing: .write,
            missing: .destinationNotFound,
            else: .destinationForbidden
        )
        return ArchiveDestination(folder: folder, project: project, rule: put.rule, caller: caller)
    }

    /// Prepares to receive an archive.
    ///
    /// - Parameters:
    ///   - destination: The destination.
    ///   - limit: Maximum length of a file in bytes.
    ///   - limits: The limits on the archive's folders and overhead.
    ///   - labels: Parses the JSON text with an entry's labels. If it throws a ``PontoonError``, the entry is refused.
    ///   - reserve: Returns the memory in which a large file is collected until it is complete. Called only with a
    ///     presigned store.
    /// - Returns: The reception, which has not started yet.
    package func reception(
        into destination: ArchiveDestination,
        limit: Int64,
        limits: ArchiveLimits,
        labels: @escaping @Sendable (String) throws -> FileLabels,
        reserving reserve: @escaping @Sendable () -> any ArchiveMemory
    ) -> ArchiveReception {
        let folders = ArchiveFolders(destination, limits: limits, metadata: metadata, now: uploads.now)
        let queue = ArchiveQueue()
        let receiver = ArchiveReceiver(
            uploads: uploads,
            destination: destination,
            folders: folders,
            queue: queue,
            limit: limit,
            limits: limits,
            labels: labels,
            reserve: reserve
        )
        return ArchiveReception(receiver: receiver, queue: queue) { items in
            try await store(items, into: destination, folders)
        }
    }

    // MARK: - One batch

    private func store(
        _ items: [ArchiveItem],
        into destination: ArchiveDestination,
        _ folders: ArchiveFolders
    ) async throws -> [ArchiveResult] {
        try await folders.create(items.compactMap(\.folder))
        var results = [ArchiveResult?](repeating: nil, count: items.count)
        var files: [(index: Int, file: ArchiveFile, new: NewFile)] = []
        let checked = try await mapConcurrently(items, limit: Self.lookUps) { item -> CheckedItem in
            switch item {
            case .done(let result): .done(result)
            case .folder(let path, let displayPath):
                switch folders.folder(path.names) {
                case .success(let folder): .done(.folder(id: folder.id, path: displayPath, isNew: folder.isNew))
                case .failure(let error): .done(.refused(error, path: displayPath))
                }
            case .file(let file): try await check(file, destination, folders)
            }
        }
        for (index, item) in checked.enumerated() {
            switch item {
            case .done(let result): results[index] = result
            case .new(let file, let new): files.append((index, file, new))
            }
        }
        for (file, refusal) in zip(files, try await quotaRefusals(files.map(\.new), destination)) {
            if let refusal { results[file.index] = .refused(refusal, path: file.file.displayPath) }
        }
        files.removeAll { results[$0.index] != nil }
        let stored = try await add(files.map { ($0.file, $0.new) }, destination.rule)
        for (file, result) in zip(files, stored) {
            switch result {
            case .success(let added):
                results[file.index] = ArchiveResult(added, path: file.file.displayPath)
            case .failure(let error):
                if error.code == .destinationNotFound { folders.forget() }
                results[file.index] = .refused(error, path: file.file.displayPath)
            }
        }
        return results.compactMap { $0 }
    }

    private enum CheckedItem: Sendable {
        case done(ArchiveResult)
        case new(ArchiveFile, NewFile)
    }

    /// Checks the folder and name of a file before its bytes are stored.
    ///
    /// The bytes need not be stored if an existing file is kept or the file is refused.
    private func check(
        _ file: ArchiveFile,
        _ destination: ArchiveDestination,
        _ folders: ArchiveFolders
    ) async throws -> CheckedItem {
        do {
            let folder = try folders.folder(file.path.names.dropLast()).get()
            let put = FilePut(
                folder: .folder(id: folder.id),
                name: file.path.names.last ?? "",
                rule: destination.rule,
                labels: file.labels,
                length: Int64(file.bytes.readableBytes),
                expected: file.expected
            )
            if !folder.isNew, let existing = try await uploads.existing(put, in: folder.id) {
                return .done(.file(existing, path: file.displayPath, isNew: false))
            }
            return .new(file, uploads.newFile(put, folder.id, destination.project, destination.caller))
        } catch let error as PontoonError {
            return .done(.refused(error, path: file.displayPath))
        }
    }

    /// Returns a refusal for each file that exceeds a quota on its own, so that its bytes need not be stored.
    ///
    /// The result is `nil` for other files, and for all files if the rule is `overwrite`.
    private func quotaRefusals(
        _ files: [NewFile],
        _ destination: ArchiveDestination
    ) async throws -> [PontoonError?] {
        // Only the transaction knows how much space a replaced file frees.
        let isUnknown = destination.rule == .overwrite
        let growths = files.map { Usage(storedBytes: $0.put.length ?? 0, files: 1) }
        if isUnknown || files.isEmpty { return files.map { _ in nil } }
        if try await quotaRefusal(growths.reduce(Usage(), +), destination) == nil { return files.map { _ in nil } }
        return try await mapConcurrently(growths, limit: Self.lookUps) { try await quotaRefusal($0, destination) }
    }

    private func quotaRefusal(_ growth: Usage, _ destination: ArchiveDestination) async throws -> PontoonError? {
        do {
            let (project, userName) = (destination.project, destination.caller.name)
            try await metadata.checkQuota(for: growth, in: project, by: userName, isSender: false)
            return nil
        } catch let error as PontoonError where error.code == .quotaExceeded {
            return error
        }
    }

    private func add(
        _ files: [(ArchiveFile, NewFile)],
        _ rule: NameConflictRule
    ) async throws -> [Result<AddedFile, PontoonError>] {
        guard !files.isEmpty else { return [] }
        let objects = files.map { ($0.1, $0.0.bytes) }
        let results: [Result<AddedFile, PontoonError>]
        switch uploads.storage {
        case .streaming(let store, _, _): results = try await uploads.add(objects, rule, to: store)
        case .presigned(let store): results = try await uploads.add(objects, rule, to: store)
        }
        await uploads.noteStored(results.compactMap { try? $0.get() }, rule)
        return results
    }
}

extension ArchiveItem {
    /// The path of the folder that the entry needs; `nil` if the entry was already stored or refused.
    fileprivate var folder: ArraySlice<String>? {
        switch self {
        case .file(let file): file.path.names.dropLast()
        case .folder(let path, _): path.names[...]
        case .done: nil
        }
    }
}

extension ArchiveResult {
    init(_ added: AddedFile, path: String) {
        switch added {
        case .added(let file): self = .file(file, path: path, isNew: true)
        case .skipped(let file): self = .file(file, path: path, isNew: false)
        }
    }
}
