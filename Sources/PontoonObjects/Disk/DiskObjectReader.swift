import NIOCore
import PontoonCore
import SystemPackage

/// Reads a range of a file.
struct DiskObjectReader: ObjectReader {
    let size: Int64
    private let file: DiskFile
    private let start: Int64
    private let pool: BlockingPool

    init(_ file: DiskFile, start: Int64, size: Int64, pool: BlockingPool) {
        self.file = file
        self.start = start
        self.size = size
        self.pool = pool
    }

    func read(at offset: Int64, count: Int) async throws -> ByteBuffer {
        let count = Int(min(Int64(count), max(0, size - offset)))
        return try await pool.run {
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

    /// An error at closing a file that was only read means nothing.
    func close() async { _ = try? await pool.run { try file.close() } }
}
