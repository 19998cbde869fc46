// The only Swift file of the command-line client that imports the C library.
#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif
import CTerminal
import SystemPackage

/// System calls for the standard streams and the terminal.
enum Terminal {
    enum Stream: CInt {
        case input = 0
        case output = 1
        case error = 2
    }

    /// Number of columns and rows.
    struct Size: Hashable, Sendable {
        var columns: Int
        var rows: Int
    }

    /// Opens each standard stream that the parent process has closed, so that reading from or writing to it fails.
    ///
    /// Otherwise, the next file that the process opens would get the descriptor of the stream, and results could be
    /// written to the file.
    static func openClosedStreams() throws(Errno) {
        for stream in [Stream.input, .output, .error] {
            if fcntl(stream.rawValue, F_GETFD) >= 0 { continue }
            guard open("/dev/null", stream == .input ? O_WRONLY : O_RDONLY) >= 0 else { throw Errno(rawValue: errno) }
        }
    }

    static func isTerminal(_ stream: Stream) -> Bool { isatty(stream.rawValue) == 1 }

    /// Writes bytes without buffering, and waits while a pipe or terminal cannot accept them.
    static func write(_ bytes: [UInt8], to stream: Stream) throws(Errno) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { platformWrite(stream.rawValue, $0.baseAddress, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
                continue
            }
            switch errno {
            case EINTR: continue
            case EAGAIN:
                // Another process that shares the stream has made it non-blocking.
                var state = pollfd(fd: stream.rawValue, events: Int16(POLLOUT), revents: 0)
                poll(&state, 1, -1)
            default: throw Errno(rawValue: errno)
            }
        }
    }

    /// Reads a line from standard input.
    ///
    /// Blocks the calling thread. Reads single bytes, so that the bytes after the line remain in the stream.
    ///
    /// - Returns: The line without its line break; `nil` at the end of the input.
    /// - Throws: `Errno.messageTooLong` if the line has more than 64 KiB; any other `Errno`.
    static func readLine() throws(Errno) -> String? {
        var line: [UInt8] = []
        while true {
            var byte: UInt8 = 0
            let count = read(Stream.input.rawValue, &byte, 1)
            if count < 0 {
                if errno == EINTR { continue }
                throw Errno(rawValue: errno)
            }
            if count == 0 { return line.isEmpty ? nil : String(decoding: line, as: UTF8.self) }
            if byte == UInt8(ascii: "\n") { break }
            guard line.count < 64 << 10 else { throw .messageTooLong }
            line.append(byte)
        }
        return String(decoding: line, as: UTF8.self)
    }

    /// The size of the terminal connected to standard error; 80 × 24 if unknown.
    static var size: Size {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return Size(columns: 80, rows: 24)
        }
        return Size(columns: Int(size.ws_col), rows: Int(size.ws_row))
    }

    /// Runs `body` with the terminal's echo turned off, so that typed text is not displayed.
    ///
    /// If standard input is not a terminal, only runs `body`.
    ///
    /// - Returns: The value that `body` returns.
    static func withoutEcho<Value>(_ body: () async throws -> Value) async rethrows -> Value {
        var original = termios()
        guard tcgetattr(STDIN_FILENO, &original) == 0 else { return try await body() }
        var silent = original
        silent.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(STDIN_FILENO, TCSANOW, &silent)
        defer { tcsetattr(STDIN_FILENO, TCSANOW, &original) }
        return try await body()
    }

    /// Lets the next SIGINT or SIGTERM terminate the process.
    static func stopTrappingSignals() {
        signal(SIGINT, SIG_DFL)
        signal(SIGTERM, SIG_DFL)
    }

    /// Terminates the process at once with an exit code.
    static func exit(_ code: Int32) -> Never { platformExit(code) }

    /// Terminates the process with SIGPIPE, so that the parent process sees the usual status for a closed pipe.
    static func terminateForClosedPipe() -> Never {
        signal(SIGPIPE, SIG_DFL)
        raise(SIGPIPE)
        platformExit(128 + SIGPIPE)
    }

    /// Returns the number of columns that each character takes on a terminal.
    ///
    /// The number may be too large for some terminals, but is never too small.
    static func columns(of text: String) -> [Int] {
        text.map { character in
            character.unicodeScalars.reduce(0) { sum, scalar in
                // Variation selector 16 turns a symbol of one column into an emoji of two in some terminals.
                sum + (scalar == "\u{FE0F}" ? 1 : Int(cterminal_columns(scalar.value)))
            }
        }
    }
}

private func platformWrite(_ descriptor: CInt, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}

private func platformExit(_ code: Int32) -> Never { exit(code) }
