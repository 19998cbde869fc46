import NIOCore
import PontoonCore
import Synchronization
import SystemPackage

/// Reads a range of a file.
final class DiskObjectReader: FileBackedReader {
    let size: Int64
    /// `nil` once closed: the system gives the number of a closed file to the next that is opened, often a connection.
    private let file: Mutex<DiskFile?>
    private let start: Int64
    private let pool: BlockingPool

    init(_ file: DiskFile, start: Int64, size: Int64, pool: BlockingPool) {
        self.file = Mutex(file)
        self.start = start
        self.size = size
        self.pool = pool
    }

    /// An error at closing a file that was only read means nothing.
    deinit { _ = try? file.withLock { $0.take() }?.close() }

    func read(at offset: Int64, count: Int) async throws -> ByteBuffer {
        let count = Int(min(Int64(count), max(0, size - offset)))
        return try await pool.run { [self] in
            guard let file = file.withLock({ $0 }) else { throw Errno.badFileDescriptor }
            var buffer = ByteBufferAllocator().buffer(capacity: count)
            var done = 0
            while done < count {
                let read = try buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count - done) { target in
                    try file.read(
                        fromAbsoluteOffset: start + offset + Int64(done),
                        into: UnsafeMutableRawBufferPointer(rebasing: target[..<(count - done)])
                    )
                }
                guard read > 0 else { break }
                done += read
            }
            return buffer
        }
    }

    func bytesInMemory(at offset: Int64, count: Int) -> FileSpan? {
        let count = Int(min(Int64(count), max(0, size - offset)))
        guard count > 0, let file = file.withLock({ $0 }) else { return nil }
        let first = Int(start + offset)
        let cached = file.bytesInMemory(at: first, count: count)
        return cached > 0 ? FileSpan(descriptor: file.rawValue, offset: first, count: cached) : nil
    }

    /// Does not wait until it is done.
    ///
    /// It can take long when the file was removed meanwhile. Errors are ignored as in `deinit`.
    func close() async {
        guard let file = file.withLock({ $0.take() }) else { return }
        pool.submit { _ in _ = try? file.close() }
    }
}
