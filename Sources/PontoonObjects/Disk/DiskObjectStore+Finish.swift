package import PontoonCore
import Synchronization
import SystemPackage

extension DiskObjectStore {
    @discardableResult
    package func finish(_ upload: Upload, parts: [PartRecord]) async throws -> FinishedObject {
        let (key, partSize) = (upload.key, upload.partSize)
        await writers.quiesce(key)
        let (size, needsCleanup) = try await executor.run { [self] in
            try mapMissingParts {
                let assembly = try Assembly(parts, partSize: partSize)
                if try !FileSystem.exists(layout.object(key)) {
                    try mapDiskFull { try assemble(assembly, key: key, partSize: partSize) }
                }
                return (assembly.size, try hasLeftovers(key))
            }
        }
        // The file system's journal makes the rename atomic, so the file always has a name in one of the two
        // directories.
        if isDurable { try await uploadNames.sync() }
        return FinishedObject(size: size, crc64: CRC64NVME(joining: parts), needsCleanup: needsCleanup)
    }

    private func assemble(_ assembly: Assembly, key: ObjectKey, partSize: Int64) throws {
        try createDurableDirectory(layout.objectDirectory(key))
        switch assembly {
        case .inPlace(let detached, let end, let size):
            try assembleInPlace(detached, end: end, size: size, key: key)
        case .byCopy(let segments, let size):
            try assembleByCopy(segments, size: size, key: key, partSize: partSize)
        }
        // Syncing the file is not enough: without syncing its directory, a power cut can lose its new name.
        if isDurable { try Directory.sync(layout.objectDirectory(key)) }
    }

    /// Returns whether the upload's file or its directory of detached parts exists in addition to the object.
    private func hasLeftovers(_ key: ObjectKey) throws -> Bool {
        try FileSystem.exists(layout.upload(key)) || FileSystem.exists(layout.detachedParts(key))
    }

    /// Creates a directory for finished objects, unless it exists.
    ///
    /// With durability `power`, the directory's name is durable when this method returns.
    func createDurableDirectory(_ path: FilePath) throws {
        let isNew = try Directory.create(path)
        guard isDurable, isNew || !durableDirectories.withLock({ $0.contains(path) }) else { return }
        try Directory.sync(layout.files)
        durableDirectories.withLock { _ = $0.insert(path) }
    }

    package func revertFinish(_ key: ObjectKey) async throws {
        try await executor.run { [self] in
            guard try FileSystem.exists(layout.object(key)) else { return }
            // If the object was assembled by copying, the upload's file still exists. Otherwise, the upload's file was
            // renamed to the object.
            if try FileSystem.exists(layout.upload(key)) {
                try FileSystem.unlink(layout.object(key))
            } else {
                try separateFromBackup(key)
                try FileSystem.rename(layout.object(key), to: layout.upload(key))
            }
            guard isDurable else { return }
            for directory in [layout.uploads, layout.objectDirectory(key)] { try Directory.sync(directory) }
        }
    }

    /// Replaces an object with a copy if a backup has a hard link to it, because parts may be written into it again.
    ///
    /// A backup links only objects whose files are committed, but with `--durability os`, a power cut can undo a
    /// commit.
    private func separateFromBackup(_ key: ObjectKey) throws {
        guard let status = try FileSystem.status(layout.object(key)), status.links > 1 else { return }
        try FileSystem.unlink(layout.assembled(key))
        let (source, target) = (try openExisting(layout.object(key)), try openOrCreate(layout.assembled(key)))
        try source.closeAfter {
            try target.closeAfter {
                try target.copy(from: source, at: 0, count: status.size, to: 0)
                if isDurable { try target.syncData() }
            }
        }
        try FileSystem.rename(layout.assembled(key), to: layout.object(key))
    }

    package func cleanUp(_ key: ObjectKey) async throws {
        try await executor.run { [layout] in
            try FileSystem.unlink(layout.upload(key))
            try Directory.remove(layout.detachedParts(key))
        }
    }

    /// Copies the detached parts into the upload's file, sets the file's length, and renames the file to the object.
    private func assembleInPlace(_ detached: [Assembly.Segment], end: Int64, size: Int64, key: ObjectKey) throws {
        // A missing file must not be replaced by a new one, which would contain zeroes instead of the parts.
        let file = end > 0 ? try openExisting(layout.upload(key)) : try openOrCreate(layout.upload(key))
        try file.closeAfter {
            guard try file.size() >= end else { throw TruncatedFile() }
            for segment in detached { try copy(segment, of: key, to: file, inPlace: nil, partSize: 0) }
            let changesLength = try file.size() != size
            if changesLength { try file.truncate(to: size) }
            if isDurable, changesLength || !detached.isEmpty { try file.syncData() }
        }
        try FileSystem.rename(layout.upload(key), to: layout.object(key))
    }

    /// Copies all parts to a new file, which becomes the object.
    ///
    /// Keeps the files that contain the parts until ``cleanUp(_:)``.
    private func assembleByCopy(_ segments: [Assembly.Segment], size: Int64, key: ObjectKey, partSize: Int64) throws {
        try checkRoom(for: size, else: .storageFull)
        try FileSystem.unlink(layout.assembled(key))
        let target = try openOrCreate(layout.assembled(key))
        do {
            try target.closeAfter {
                let source = try openExisting(layout.upload(key))
                try source.closeAfter {
                    for segment in segments {
                        try copy(segment, of: key, to: target, inPlace: source, partSize: partSize)
                    }
                }
                if isDurable { try target.syncData() }
            }
        } catch {
            try FileSystem.unlink(layout.assembled(key))
            throw error
        }
        try FileSystem.rename(layout.assembled(key), to: layout.object(key))
    }

    private func openExisting(_ path: FilePath) throws -> DiskFile {
        try DiskFile.open(path, .readWrite, options: .closeOnExec)
    }

    /// Maps errors that mean that bytes of a stored part are missing to `.completeRefused`.
    private func mapMissingParts<Value>(_ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let error where error is TruncatedFile || error as? Errno == .noSuchFileOrDirectory {
            throw PontoonError(
                .completeRefused,
                "The bytes of a stored part are missing; send all parts again.",
                cause: error
            )
        }
    }

    private func copy(
        _ segment: Assembly.Segment,
        of key: ObjectKey,
        to target: DiskFile,
        inPlace source: DiskFile?,
        partSize: Int64
    ) throws {
        switch (segment.part.location, source) {
        case (.detached(let name), _):
            let path = layout.detachedParts(key).appending(name)
            let part = try DiskFile.open(path, .readOnly, options: .closeOnExec)
            try part.closeAfter { try target.copy(from: part, at: 0, count: segment.size, to: segment.offset) }
        case (_, let source?):
            let start = Assembly.offset(of: segment.part.number, partSize: partSize)
            try target.copy(from: source, at: start, count: segment.size, to: segment.offset)
        case (_, nil):
            throw TruncatedFile()
        }
    }
}
