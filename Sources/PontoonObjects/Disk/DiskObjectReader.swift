import CFileCalls
import NIOCore
import PontoonCore
import Synchronization
import SystemPackage

/// A reader of an object, or of a part of an unfinished upload, that is stored in a range of a file.
final class DiskObjectReader: FileBackedReader {
    let size: Int64
    /// The file; `nil` once closed, because the system reuses the descriptor of a closed file, often for a connection.
    private let file: Mutex<OpenFile?>
    private let start: Int64
    private let executor: BlockingIOExecutor

    /// - Parameters:
    ///   - file: The file.
    ///   - range: The bytes of the file to read.
    ///   - executor: The threads that read.
    init(_ file: OpenFile, _ range: Range<Int64>, executor: BlockingIOExecutor) {
        self.file = Mutex(file)
        self.start = range.lowerBound
        self.size = Int64(range.count)
        self.executor = executor
    }

    func read(at offset: Int64, count: Int) async throws -> ByteBuffer {
        let count = Int(min(Int64(count), max(0, size - offset)))
        return try await executor.run { [self] in
            guard let open = file.withLock({ $0 }) else { throw Errno.badFileDescriptor }
            defer { extendLifetime(open) }
            let file = open.file
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
        guard count > 0, let open = file.withLock({ $0 }) else { return nil }
        defer { extendLifetime(open) }
        let file = open.file
        guard SendFile.works(with: file) else { return nil }
        let first = Int(start + offset)
        let cached = file.bytesInMemory(at: first, count: count)
        return cached > 0 ? FileSpan(descriptor: file.rawValue, offset: first, count: cached) : nil
    }

    func close() async { _ = file.withLock { $0.take() } }
}

/// A test of whether `sendfile` works, because sandboxes and some file systems refuse the call.
private enum SendFile {
    /// The result of the test; `nil` until a test is conclusive.
    private static let result = Mutex<Bool?>(nil)

    /// Returns whether `sendfile` works: tests it with `file`, or returns the result of an earlier test.
    ///
    /// - Parameter file: A file of at least one byte.
    /// - Returns: `false` if `sendfile` does not work, or if the test was inconclusive. The next call repeats an
    ///   inconclusive test.
    static func works(with file: DiskFile) -> Bool {
        result.withLock { result in
            if let result { return result }
            switch cfilecalls_can_send(file.rawValue) {
            case 1: result = true
            case 0: result = false
            default: break
            }
            return result ?? false
        }
    }
}
