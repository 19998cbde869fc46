import PontoonFoundation
import PontoonClient
import SystemPackage

/// A list of paths in the format of `--files-from`.
///
/// The list contains one path per line. If it contains a null character, null characters terminate the paths instead,
/// as in the output of `find -print0`.
struct PathList {
    let paths: [FilePath]

    init(_ paths: [FilePath]) { self.paths = paths }

    /// Reads a list.
    ///
    /// Blocks the calling thread.
    ///
    /// - Parameters:
    ///   - file: Path of the list; `-` for standard input.
    ///   - endsWithNull: Whether only null characters terminate paths, even if the list contains none.
    /// - Throws: ``ClientError`` with code `.fileUnreadable`.
    init(file: String, endsWithNull: Bool) throws {
        do {
            let data = file == "-" ? try Self.standardInput() : try Data(contentsOf: URL(filePath: file))
            self.init(data, endsWithNull: endsWithNull)
        } catch {
            throw ClientError(
                .fileUnreadable,
                "Cannot read '\(file)': \(error.reason).",
                advice: "Check the path given with --files-from."
            )
        }
    }

    private static func standardInput() throws -> Data {
        var data = Data()
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = try buffer.withUnsafeMutableBytes { try FileDescriptor.standardInput.read(into: $0) }
            if count == 0 { return data }
            data.append(contentsOf: buffer[..<count])
        }
    }

    /// Parses a list.
    ///
    /// Ignores empty entries, a byte order mark at the start and, unless null characters terminate the paths, carriage
    /// returns before line feeds.
    init(_ data: Data, endsWithNull: Bool) {
        let data = data.starts(with: [0xEF, 0xBB, 0xBF]) ? data.dropFirst(3) : data
        // Only line feeds separate lines, because names may contain any other character, including U+2028.
        let separator: UInt8 = endsWithNull || data.contains(0) ? 0 : UInt8(ascii: "\n")
        paths = data.split(separator: separator).compactMap { entry in
            var bytes = Array(entry)
            if separator != 0, bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
            guard !bytes.isEmpty else { return nil }
            return (bytes + [0]).withUnsafeBufferPointer { bytes in
                bytes.withMemoryRebound(to: CChar.self) { $0.baseAddress.map { FilePath(platformString: $0) } }
            }
        }
    }

    /// The encoded list.
    ///
    /// Line feeds terminate the paths, or null characters if a path has a line feed or ends with a carriage return.
    var data: Data {
        let entries = paths.map { path in
            path.withPlatformString { Data(bytes: $0, count: path.length) }
        }
        let needsNull = entries.contains { $0.contains(UInt8(ascii: "\n")) || $0.last == UInt8(ascii: "\r") }
        return Data(entries.map { $0 + [needsNull ? 0 : UInt8(ascii: "\n")] }.joined())
    }
}
