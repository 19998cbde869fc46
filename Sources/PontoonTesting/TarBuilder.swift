import Foundation
package import NIOCore

/// A writer of tar archives for tests, which can also create malformed archives.
package struct TarBuilder {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    /// Returns an archive of the given files, which are pairs of path and content.
    package static func archive(_ files: KeyValuePairs<String, String>) -> ByteBuffer {
        var tar = TarBuilder()
        for (path, content) in files { tar.add(path, Array(content.utf8)) }
        return tar.finished()
    }

    /// Adds an entry.
    ///
    /// - Parameters:
    ///   - path: The `name` field, at most 100 bytes.
    ///   - content: The bytes that follow the header.
    ///   - type: The `typeflag` field; a file by default.
    ///   - size: The `size` field, in octal; `nil` for the length of the content.
    package mutating func add(_ path: String, _ content: [UInt8] = [], type: Character = "0", size: String? = nil) {
        var block = [UInt8](repeating: 0, count: 512)
        func set(_ field: Int, _ text: String) {
            block.replaceSubrange(field..<(field + text.utf8.count), with: text.utf8)
        }
        set(0, path)
        set(100, "0000644\0")
        set(124, size ?? String(format: "%011o\0", content.count))
        set(148, "        ")
        set(156, String(type))
        set(257, "ustar\u{0}00")
        set(148, String(format: "%06o\0 ", block.reduce(0) { $0 + Int($1) }))
        bytes += block + content + [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
    }

    /// Adds a pax header for the next entry or, with the type `g`, for all following entries.
    package mutating func addRecords(_ records: KeyValuePairs<String, String>, type: Character = "x") {
        var text = ""
        for (key, value) in records {
            let length = key.utf8.count + value.utf8.count + 3
            var total = length + String(length).utf8.count
            if String(total).utf8.count > String(length).utf8.count { total += 1 }
            text += "\(total) \(key)=\(value)\n"
        }
        add("pax", Array(text.utf8), type: type)
    }

    package mutating func add(raw: [UInt8]) { bytes += raw }

    /// Returns the archive, terminated by two blocks of zeros.
    package func finished() -> ByteBuffer { ByteBuffer(bytes: bytes + [UInt8](repeating: 0, count: 1024)) }
}
