import CFileCalls
package import PontoonCore
import Synchronization
import SystemPackage

/// A copier that places the objects of one directory in another, by linking or copying, for backups and restores.
///
/// An object gets its final name only when it is complete and durable. If a run is interrupted, the next run therefore
/// places only the remaining objects. Both directories have the layout `KK/KEY` of ``DiskLayout/files``.
package final class ObjectPlacer: Sendable {
    /// Options for placing objects.
    ///
    /// Without options, objects are cloned (reflinked) or copied, and the checksums of copies are verified.
    package struct Methods: OptionSet, Sendable {
        package let rawValue: Int

        package init(rawValue: Int) { self.rawValue = rawValue }

        /// Creates a hard link, which is a second name for the same file, if the object cannot be cloned.
        ///
        /// Later damage to the file affects both names. The checksum of the object is not verified.
        package static let hardLink = Methods(rawValue: 1)
        /// Also verifies the recorded checksums of clones, and of objects that the target already contains.
        package static let verifying = Methods(rawValue: 2)
        /// Compares only the lengths of copies, not their checksums, except for objects in which a scrub has found
        /// damage.
        package static let unverified = Methods(rawValue: 4)
    }

    /// The outcome of placing an object.
    package enum Outcome: Hashable, Sendable {
        /// The target already contained the object, and the original has the recorded length.
        case present
        /// The target already contained the object, but the original is now missing (`nil`) or damaged. A damaged
        /// original may still have the recorded length.
        case onlyInTarget(originalSize: Int64?)
        /// The object shares its bytes with the original: it is a hard link or a reflink.
        case linked
        case copied
        /// The target does not contain the object, and the original does not exist or is a symbolic link.
        case missing
        /// The original has the given length in bytes, which is not the recorded length.
        case wrongSize(Int64)
        /// The bytes of the original or its clone do not have the recorded checksum.
        case wrongChecksum
        /// Reading the original or its clone failed with an I/O error.
        case unreadable
    }

    private let source: DirectoryHandle
    private let target: DirectoryHandle
    private let incoming: DirectoryHandle
    private let parent: DirectoryHandle
    private let methods: Methods
    private let executor: BlockingIOExecutor
    private let canClone = Atomic(true)
    /// Names of the subdirectories of the target's `files` directory whose new entries may not be durable yet.
    private let changed = Mutex<Set<String>>([])
    private static let chunkSize = 1 << 20
    private static let incomingName = "incoming"
    static let folderName = "files"

    /// Opens `files` in both directories, and creates `files` and `incoming` in the target if they do not exist.
    ///
    /// - Parameters:
    ///   - source: The `objects` directory that contains the originals.
    ///   - target: The `objects` directory for the copies. Files that an interrupted run left in its subdirectory
    ///     `incoming` are removed.
    ///   - methods: Options for placing objects.
    ///   - threads: Maximum number of objects that are placed concurrently, 1 or more.
    /// - Throws: `Errno`, which is `.noSuchFileOrDirectory` if the source does not contain `files`.
    package init(
        from source: DirectoryHandle,
        to target: DirectoryHandle,
        _ methods: Methods,
        threads: Int = 8
    ) throws {
        self.source = try source.directory(Self.folderName)
        parent = target
        (self.target, _) = try target.creatingDirectory(Self.folderName)
        let isNew: Bool
        (incoming, isNew) = try target.creatingDirectory(Self.incomingName)
        if !isNew {
            // The names that an interrupted run created may not be durable yet.
            let names = try self.target.entries()
            changed.withLock { $0.formUnion(names) }
        }
        for name in try incoming.entries() { try incoming.remove(name) }
        self.methods = methods
        executor = BlockingIOExecutor(threads: threads)
    }

    /// Stops the threads; no other method may be called afterwards.
    package func shutDown() async throws { try await executor.shutDown() }

    /// Places an object, unless the target already contains it with the recorded length.
    ///
    /// With ``Methods/verifying``, an object that the target contains must also have the recorded checksum. If a scrub
    /// has found damage in an object, its checksum is always verified, and the object is never cloned or linked.
    ///
    /// May be called concurrently for different objects.
    ///
    /// - Throws: `Errno` if a directory cannot be read or written; `.storageFull` if the target's disk is full.
    package func place(_ object: FileContent) async throws -> Outcome {
        try await executor.run { [self] in try mapDiskFull { try placeNow(object) } }
    }

    /// Waits until all objects placed so far survive a power cut, and removes the directory `incoming`.
    ///
    /// Must be called after all calls of ``place(_:)`` have returned.
    package func finish() async throws {
        try await executor.run { [self] in
            let names = changed.withLock { $0 }
            for name in names.sorted() where try target.status(name)?.isDirectory == true {
                try target.directory(name).sync()
            }
            try target.sync()
            try parent.removeDirectory(Self.incomingName)
            try parent.sync()
        }
    }

    /// Removes unused objects from the target.
    ///
    /// - Parameter used: Called with up to 1,000 keys at a time; returns those keys whose objects must be kept.
    /// - Returns: The number of removed objects.
    /// - Throws: `Errno`, and the errors of `used`.
    package func removeUnused(_ used: ([ObjectKey]) async throws -> Set<ObjectKey>) async throws -> Int {
        var removed = 0
        for name in try target.entries() {
            guard let directory = try? target.directory(name) else { continue }
            let keys = try await executor.run { try directory.entries().compactMap { ObjectKey($0) } }
            for start in stride(from: 0, to: keys.count, by: StoredEntry.pageSize) {
                let page = Array(keys[start..<min(start + StoredEntry.pageSize, keys.count)])
                let unused = Set(page).subtracting(try await used(page))
                try await executor.run { for key in unused { try directory.remove(key.rawValue) } }
                removed += unused.count
            }
        }
        return removed
    }

    // MARK: - One object

    private func placeNow(_ object: FileContent) throws -> Outcome {
        let name = object.key.rawValue
        let folder = String(name.suffix(2))
        let (directory, isNew) = try target.creatingDirectory(folder)
        if isNew { changed.withLock { _ = $0.insert(folder) } }
        let existing = try directory.status(name)
        let isPresent =
            if let existing, existing.isFile, existing.size == object.size { try matches(object, in: directory) } else {
                false
            }
        guard let original = try Original(name, in: source, folder) else {
            return isPresent ? .onlyInTarget(originalSize: nil) : .missing
        }
        return try original.file.closeAfter {
            guard original.size == object.size else {
                return isPresent ? .onlyInTarget(originalSize: original.size) : .wrongSize(original.size)
            }
            if isPresent {
                // The operator may have restored the original since the scrub.
                let isIntact = try !object.isDamaged || isIntact(original.file, object)
                return isIntact ? .present : .onlyInTarget(originalSize: original.size)
            }
            changed.withLock { _ = $0.insert(folder) }
            if object.isDamaged { return try copy(object, original, to: directory) }
            if let outcome = try clone(object, original, to: directory) { return outcome }
            if methods.contains(.hardLink) {
                // A hard link cannot replace an existing file.
                if existing != nil { try directory.remove(name) }
                if try link(name, original, to: directory) { return .linked }
            }
            return try copy(object, original, to: directory)
        }
    }

    /// The original of an object, opened for reading.
    private struct Original {
        let file: FileDescriptor
        let size: Int64
        let directory: DirectoryHandle

        /// Opens an original; returns `nil` if it does not exist or is a symbolic link.
        init?(_ name: String, in source: DirectoryHandle, _ folder: String) throws {
            do {
                directory = try source.directory(folder)
                file = try directory.file(name)
            } catch let error as Errno where [.noSuchFileOrDirectory, .tooManySymbolicLinkLevels].contains(error) {
                return nil
            }
            do {
                size = try FileStatus.of(file).size
            } catch {
                try? file.close()
                throw error
            }
        }
    }

    /// Creates a reflink; returns `nil` if the system refuses it for any reason.
    ///
    /// After the first refusal, always returns `nil` without trying.
    private func clone(_ object: FileContent, _ original: Original, to directory: DirectoryHandle) throws -> Outcome? {
        guard canClone.load(ordering: .relaxed) else { return nil }
        return try creating(object, in: directory) { copy in
            guard cfilecalls_clone(original.file.rawValue, copy.rawValue) == 0 else {
                canClone.store(false, ordering: .relaxed)
                return nil
            }
            guard methods.contains(.verifying) else { return .linked }
            do {
                return try checksum(copy).matches(object) ? .linked : .wrongChecksum
            } catch Errno.ioError {
                return .unreadable
            }
        }
    }

    /// Creates a hard link; returns `false` if the target is on another file system or does not allow the link.
    private func link(_ name: String, _ original: Original, to directory: DirectoryHandle) throws -> Bool {
        do {
            try original.directory.link(name, in: directory, as: name)
            return true
        } catch let error as Errno where [.improperLink, .notPermitted, .tooManyLinks, .notSupported].contains(error) {
            return false
        }
    }

    /// Copies the bytes, and compares their length and checksum with the record.
    ///
    /// With ``Methods/unverified``, compares the checksum only if a scrub has found damage.
    private func copy(_ object: FileContent, _ original: Original, to directory: DirectoryHandle) throws -> Outcome {
        let outcome = try creating(object, in: directory) { copy in
            var content = Content()
            do {
                try read(original.file) { bytes in
                    try copy.writeAll(toAbsoluteOffset: content.size, bytes)
                    content.add(bytes)
                }
            } catch Errno.ioError {
                return .unreadable
            }
            guard content.size == object.size else { return .wrongSize(content.size) }
            let trusts = methods.contains(.unverified) && !object.isDamaged
            guard trusts || content.matches(object) else { return .wrongChecksum }
            return .copied
        }
        return outcome ?? .unreadable
    }

    /// Creates a file in the directory `incoming` and passes it to `fill`.
    ///
    /// If `fill` returns `.linked` or `.copied`, syncs the file and moves it to `directory`, replacing any existing
    /// file; otherwise removes it.
    ///
    /// - Returns: The result of `fill`.
    /// - Throws: The errors of `fill`, after removing the file; `Errno`.
    private func creating(
        _ object: FileContent,
        in directory: DirectoryHandle,
        _ fill: (FileDescriptor) throws -> Outcome?
    ) throws -> Outcome? {
        let name = object.key.rawValue
        let copy = try incoming.creatingFile(name)
        do {
            let outcome = try copy.closeAfter {
                let outcome = try fill(copy)
                if outcome == .linked || outcome == .copied { try copy.sync() }
                return outcome
            }
            if outcome == .linked || outcome == .copied {
                try incoming.rename(name, to: directory, as: name)
            } else {
                try incoming.remove(name)
            }
            return outcome
        } catch {
            try? incoming.remove(name)
            throw error
        }
    }

    /// Returns whether an object in the target is readable and has the recorded checksum.
    ///
    /// Unless ``Methods/verifying`` is set or a scrub has found damage, returns `true` without reading the object.
    private func matches(_ object: FileContent, in directory: DirectoryHandle) throws -> Bool {
        guard methods.contains(.verifying) || object.isDamaged else { return true }
        let file = try directory.file(object.key.rawValue)
        return try file.closeAfter { try isIntact(file, object) }
    }

    private func isIntact(_ file: FileDescriptor, _ object: FileContent) throws -> Bool {
        do {
            return try checksum(file).matches(object)
        } catch Errno.ioError {
            return false
        }
    }

    private func checksum(_ file: FileDescriptor) throws -> Content {
        var content = Content()
        try read(file) { content.add($0) }
        return content
    }

    private func read(_ file: FileDescriptor, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        try withUnsafeTemporaryAllocation(byteCount: Self.chunkSize, alignment: 16) { buffer in
            var offset: Int64 = 0
            while true {
                let count = try file.read(fromAbsoluteOffset: offset, into: buffer)
                guard count > 0 else { return }
                try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                offset += Int64(count)
            }
        }
    }

    /// The length and checksum of bytes.
    private struct Content {
        private(set) var size: Int64 = 0
        private var crc64 = CRC64NVME()

        mutating func add(_ bytes: UnsafeRawBufferPointer) {
            crc64.update(bytes)
            size += Int64(bytes.count)
        }

        func matches(_ object: FileContent) -> Bool {
            size == object.size && (object.crc64 == nil || object.crc64 == crc64)
        }
    }
}

extension FileContent {
    /// Whether a scrub has found damage.
    fileprivate var isDamaged: Bool { verification.damage != nil }
}
