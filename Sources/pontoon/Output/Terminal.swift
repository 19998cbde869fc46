// The only file of the command-line client that imports the C library.
#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// System calls for the standard streams and the terminal.
enum Terminal {
    enum Stream: CInt {
        case input = 0
        case output = 1
        case error = 2
    }

    static func isTerminal(_ stream: Stream) -> Bool { isatty(stream.rawValue) == 1 }

    /// Writes text without buffering.
    ///
    /// After an error, for example because the reader closed the pipe, the remaining text is discarded.
    static func write(_ text: String, to stream: Stream) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { platformWrite(stream.rawValue, $0.baseAddress, $0.count) }
            guard count > 0 || errno == EINTR else { return }
            rest = rest.dropFirst(max(0, count))
        }
    }

    /// The size of the terminal connected to standard error; 80 × 24 if unknown.
    static var size: (columns: Int, rows: Int) {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return (80, 24) }
        return (Int(size.ws_col), Int(size.ws_row))
    }

    /// Runs `body` with the terminal's echo turned off, so that typed text is not displayed.
    ///
    /// - Parameter body: Receives whether standard input is a terminal.
    /// - Returns: The value that `body` returns.
    static func withoutEcho<Value>(_ body: (_ isTerminal: Bool) throws -> Value) rethrows -> Value {
        var original = termios()
        guard tcgetattr(STDIN_FILENO, &original) == 0 else { return try body(false) }
        var silent = original
        silent.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(STDIN_FILENO, TCSANOW, &silent)
        defer { tcsetattr(STDIN_FILENO, TCSANOW, &original) }
        return try body(true)
    }
}

private func platformWrite(_ descriptor: CInt, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
    write(descriptor, bytes, count)
}
