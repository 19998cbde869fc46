import CFileCalls
import Glibc
import NIOCore
package import PontoonCore
import SystemPackage

/// A source of a directory's objects that reads with low priority and does not fill the page cache.
///
/// Finished objects never change, so reading needs no lock, and another process may use the directory at the same time.
package final class DiskScrubSource: ScrubSource {
    private let layout: DiskLayout
    private let executor: BlockingIOExecutor

    /// - Parameters:
    ///   - settings: Location of the store.
    ///   - threads: Number of objects that can be read at the same time, 1 or more.
    package init(_ settings: DiskSettings, threads: Int) {
        layout = DiskLayout(root: settings.folder)
        executor = BlockingIOExecutor(threads: threads)
    }

    package func shutDown() async throws { try await executor.shutDown() }

    package func openForScrub(_ key: ObjectKey, ignoringCache: Bool) async throws -> any ObjectReader {
        do {
            let file = try await executor.run { [layout, executor] in
                let file = try OpenFile(layout.object(key), options: .noFollow, executor: executor)
                // The call is only a hint. If the system ignores it, cached bytes are read from memory.
                if ignoringCache { _ = posix_fadvise(file.file.rawValue, 0, 0, POSIX_FADV_DONTNEED) }
                return file
            }
            return ScrubReader(DiskObjectReader(file, 0..<file.size, executor: executor), file, executor)
        } catch let error as Errno where error == .noSuchFileOrDirectory {
            throw PontoonError(.fileNotFound, "The file's content no longer exists.", cause: error)
        } catch let error as Errno where error.meansDamage {
            throw UnreadableObject("\(error)")
        }
    }

    package func confirmPresence() async throws {
        try await executor.run { [layout] in
            // The store creates the lock file when it is opened, so the file is missing if the disk is not mounted.
            guard try FileSystem.exists(layout.lock) else { throw Errno.noSuchFileOrDirectory }
        }
    }
}

/// A reader that reads ahead, and evicts from the page cache the bytes that were not cached before.
private struct ScrubReader: ObjectReader {
    private let reader: DiskObjectReader
    private let open: OpenFile
    private let executor: BlockingIOExecutor

    init(_ reader: DiskObjectReader, _ open: OpenFile, _ executor: BlockingIOExecutor) {
        self.reader = reader
        self.open = open
        self.executor = executor
    }

    var size: Int64 { reader.size }

    func read(at offset: Int64, count: Int) async throws -> ByteBuffer {
        let wasCached = try await executor.run { [open, reader] in
            cfilecalls_set_idle_priority()
            guard offset >= 0, offset < reader.size, count > 0 else { return true }
            let wasCached = open.file.bytesInMemory(at: Int(offset), count: count) == count
            let next = offset.addingReportingOverflow(Int64(count))
            if !next.overflow {
                _ = posix_fadvise(open.file.rawValue, Int(next.partialValue), count, POSIX_FADV_WILLNEED)
            }
            return wasCached
        }
        let bytes: ByteBuffer
        do {
            bytes = try await reader.read(at: offset, count: count)
        } catch let error as Errno where error.meansDamage {
            throw UnreadableObject("\(error)")
        }
        if !wasCached {
            try await executor.run { [open] in
                _ = posix_fadvise(open.file.rawValue, Int(offset), count, POSIX_FADV_DONTNEED)
            }
        }
        return bytes
    }

    func close() async { await reader.close() }
}

extension Errno {
    /// Whether the error means that the disk cannot read the bytes, or that the file system has found damage.
    fileprivate var meansDamage: Bool {
        #if os(Linux)
        // EUCLEAN: the file system found damaged structures or wrong checksums.
        return [.ioError, .badMessage].contains(self) || rawValue == EUCLEAN
        #else
        return [.ioError, .badMessage].contains(self)
        #endif
    }
}
