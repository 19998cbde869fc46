package import PontoonCore
import SystemPackage

/// A read-only view of the disk store's directory, which may be used while a server is using the directory.
package struct DiskInventory: ObjectInventory {
    private let layout: DiskLayout
    private let executor: BlockingIOExecutor

    init(_ layout: DiskLayout, executor: BlockingIOExecutor) {
        self.layout = layout
        self.executor = executor
    }

    /// Opens a view without locking or creating the directory.
    package init(_ settings: DiskSettings) {
        self.init(DiskLayout(root: settings.folder), executor: BlockingIOExecutor(threads: settings.threads))
    }

    /// Stops the view's threads.
    package func shutDown() async throws { try await executor.shutDown() }

    package func storedSize(_ key: ObjectKey) async throws -> Int64? {
        try await executor.run { [layout] in try FileSystem.status(layout.object(key))?.size }
    }

    package func forEachEntry(_ body: ([StoredEntry]) async throws -> Void) async throws {
        // Omits the files that mark objects as unconfirmed: these objects are still being stored or, after a crash, the
        // next start of the server confirms or removes them.
        let names = try await executor.run { [layout] in
            try Directory.entries(layout.uploads).filter { !$0.hasSuffix(DiskLayout.unconfirmedSuffix) }
        }
        try await forEachEntry(of: layout.uploads, names: names, body) { name in
            // The files of an upload are named KEY, KEY.parts and KEY.assembled.
            guard let key = ObjectKey(String(name.prefix { $0 != "." })) else { return .unknown }
            return .upload(ObjectReference(key: key))
        }
        for directory in try await executor.run({ [layout] in try Directory.entries(layout.files) }).sorted() {
            let path = layout.files.appending(directory)
            guard try await executor.run({ try FileSystem.status(path)?.isDirectory ?? false }) else {
                try await forEachEntry(of: layout.files, names: [directory], body) { _ in .unknown }
                continue
            }
            try await forEachEntry(of: path, body) { name in
                guard name.hasSuffix(directory), let key = ObjectKey(name) else { return .unknown }
                return .object(key)
            }
        }
    }

    /// Passes the entries of one directory to `body`, in pages.
    ///
    /// Reads all names of the directory into memory. There are 256 directories of finished objects, so each contains
    /// about 1/256 of all objects.
    private func forEachEntry(
        of directory: FilePath,
        names: [String]? = nil,
        _ body: ([StoredEntry]) async throws -> Void,
        content: @escaping @Sendable (String) -> StoredEntry.Content
    ) async throws {
        let names = if let names { names } else { try await executor.run { try Directory.entries(directory) } }
        for start in stride(from: 0, to: names.count, by: StoredEntry.pageSize) {
            let page = names[start..<min(start + StoredEntry.pageSize, names.count)]
            let entries = try await executor.run { [layout] in
                try page.compactMap { name in
                    let path = directory.appending(name)
                    return try Self.entry(path, content(name), root: layout.root)
                }
            }
            if !entries.isEmpty { try await body(entries) }
        }
    }

    /// Describes a file, or a directory of detached parts; returns `nil` if the entry was removed in the meantime.
    private static func entry(_ path: FilePath, _ content: StoredEntry.Content, root: FilePath) throws -> StoredEntry? {
        guard let status = try FileSystem.status(path) else { return nil }
        var size = status.isDirectory ? 0 : status.size
        if status.isDirectory {
            for name in try Directory.entries(path) { size += try FileSystem.status(path.appending(name))?.size ?? 0 }
        }
        var relative = path
        _ = relative.removePrefix(root)
        return StoredEntry(content, name: relative.string, size: size, changedOn: status.changedOn)
    }
}

extension DiskObjectStore: ObjectInventory {
    private var inventory: DiskInventory { DiskInventory(layout, executor: executor) }

    package func storedSize(_ key: ObjectKey) async throws -> Int64? { try await inventory.storedSize(key) }

    package func forEachEntry(_ body: ([StoredEntry]) async throws -> Void) async throws {
        try await inventory.forEachEntry(body)
    }
}
