import Subprocess
import Synchronization

/// A collector of a program's output, which keeps only the first and the last bytes.
final class ProgramOutput: Sendable {
    private struct State {
        var head: [UInt8] = []
        var tail: [UInt8] = []
        /// Number of bytes that may still be read; `nil` while the program runs.
        var rest: Int?
    }

    /// Maximum number of bytes to keep of the beginning, and of the end.
    static let limit = 4096
    /// Maximum number of bytes to read after the program has exited.
    ///
    /// A pipe buffers fewer bytes than this.
    private static let longestRest = 1 << 20

    private let state = Mutex(State())

    /// The first bytes of standard output.
    var head: [UInt8] { state.withLock { $0.head } }
    /// The last bytes of standard output and standard error, in the order in which they were read.
    var tail: [UInt8] { state.withLock { $0.tail.suffix(Self.limit) } }

    /// Records that the program has exited.
    ///
    /// At most ``longestRest`` more bytes are then read, because a child process of the program could keep writing.
    func finish() { state.withLock { $0.rest = Self.longestRest } }

    /// Reads a stream to its end, or until ``longestRest`` bytes of both streams were read after the program exited.
    ///
    /// If an error occurs, reading stops, and the bytes that were already read are kept.
    func read(_ stream: SubprocessOutputSequence, isStandardOutput: Bool) async {
        do {
            for try await buffer in stream {
                let continues = buffer.withUnsafeBytes { add($0, isStandardOutput: isStandardOutput) }
                guard continues else { return }
            }
        } catch {
            // The bytes that were read are still useful.
        }
    }

    /// Adds bytes of the output.
    ///
    /// - Returns: `true` if more output may be read.
    func add(_ bytes: UnsafeRawBufferPointer, isStandardOutput: Bool) -> Bool {
        state.withLock { state in
            if isStandardOutput { state.head += bytes.prefix(Self.limit - state.head.count) }
            state.tail += bytes.suffix(Self.limit)
            // Twice the limit, so that each byte is moved at most once on average.
            if state.tail.count > 2 * Self.limit { state.tail.removeFirst(state.tail.count - Self.limit) }
            guard let rest = state.rest else { return true }
            state.rest = rest - bytes.count
            return rest > bytes.count
        }
    }
}
