package import NIOCore

/// A reader of tar archives in the formats v7, ustar, pax and GNU, which receives the bytes in chunks of any size.
///
/// It performs no I/O, and buffers only the last chunk and headers of up to ``maximumExtension`` bytes. A slow client
/// therefore occupies neither a thread nor a large buffer.
///
/// It does not trust the archive: lengths are limited, and the caller must validate each path.
package struct TarReader: Sendable {
    /// Maximum size in bytes of a header with extended records or a long name.
    package static let maximumExtension: Int64 = 256 << 10

    private enum State {
        case header
        /// The content of an entry that extends the next header.
        case extended(type: UInt8, size: Int64)
        /// A block with more holes of a sparse file. The file's content follows.
        case holes(size: Int64)
        case content(remaining: Int64, padding: Int64)
        /// Bytes to ignore.
        case skipped(Int64)
        /// The first block of zeros has been read.
        case end
    }

    private var buffer = ByteBuffer()
    private var state = State.header
    /// Position of ``buffer`` in the archive, in bytes.
    private var position: Int64 = 0
    /// Number of bytes before ``position`` that are file content.
    private var contentLength: Int64 = 0
    /// The records that apply to the next entry.
    private var records: PaxRecords?
    /// The next entry's long name, in GNU tar's format.
    private var longName: [UInt8]?

    package init() {}

    /// Number of bytes read so far that are not file content: headers, padding and ignored data.
    package var overhead: Int64 { position - contentLength }

    /// Adds the next bytes of the archive.
    ///
    /// To limit the memory, first call ``next()`` until it returns `nil`.
    package mutating func append(_ bytes: ByteBuffer) {
        if buffer.readableBytes == 0 {
            buffer = bytes
        } else {
            buffer.discardReadBytes()
            buffer.writeImmutableBuffer(bytes)
        }
    }

    /// Returns the next event; `nil` if more bytes are needed or the archive has ended.
    ///
    /// - Throws: ``TarError``; the reader must not be used afterwards.
    package mutating func next() throws(TarError) -> TarEvent? {
        do {
            while true {
                switch try step() {
                case .event(let event): return event
                case .more: return nil
                case .again: continue
                }
            }
        } catch {
            throw TarError(position == 0 ? "The body is not a tar archive." : "\(error.message) at byte \(position).")
        }
    }

    /// Checks that the archive is complete; must be called after its last byte.
    ///
    /// - Throws: ``TarError`` if the block of zeros at the end is missing.
    package func finish() throws(TarError) {
        guard case .end = state else { throw TarError("The archive is truncated: its end is missing.") }
    }

    private enum Step {
        case event(TarEvent)
        case again, more
    }

    private mutating func step() throws(TarError) -> Step {
        switch state {
        case .header: return try readHeader()
        case .extended(let type, let size): return try readExtension(type, size)
        case .holes(let size):
            guard let block = take(TarHeader.blockSize) else { return .more }
            state = block[504] != 0 ? .holes(size: size) : .skipped(Self.padded(size))
            return .again
        case .content(remaining: 0, let padding):
            state = .skipped(padding)
            return .event(.endOfFile)
        case .content(let remaining, let padding):
            let count = Int(min(remaining, Int64(buffer.readableBytes)))
            guard count > 0, let bytes = buffer.readSlice(length: count) else { return .more }
            position += Int64(count)
            contentLength += Int64(count)
            state = .content(remaining: remaining - Int64(count), padding: padding)
            return .event(.content(bytes))
        case .skipped(0):
            state = .header
            return .again
        case .skipped(let remaining):
            let count = Int(min(remaining, Int64(buffer.readableBytes)))
            guard count > 0 else { return .more }
            buffer.moveReaderIndex(forwardBy: count)
            position += Int64(count)
            state = .skipped(remaining - Int64(count))
            return .again
        case .end:
            guard buffer.readableBytesView.allSatisfy({ $0 == 0 }) else {
                throw TarError("Nonzero bytes follow the end of the archive")
            }
            position += Int64(buffer.readableBytes)
            buffer.clear()
            return .more
        }
    }

    private mutating func take(_ count: Int) -> [UInt8]? {
        guard let bytes = buffer.readBytes(length: count) else { return nil }
        position += Int64(count)
        return bytes
    }

    private static func padded(_ size: Int64) -> Int64 {
        let blockSize = Int64(TarHeader.blockSize)
        return (size + blockSize - 1) / blockSize * blockSize
    }

    // MARK: - Headers

    private mutating func readHeader() throws(TarError) -> Step {
        guard let block = buffer.getBytes(at: buffer.readerIndex, length: TarHeader.blockSize) else { return .more }
        guard block.contains(where: { $0 != 0 }) else {
            guard records == nil, longName == nil else { throw TarError("The entry for an extended header is missing") }
            state = .end
            return .again
        }
        let header = try TarHeader(block)
        buffer.moveReaderIndex(forwardBy: block.count)
        position += Int64(block.count)
        switch header.type {
        case UInt8(ascii: "x"), UInt8(ascii: "X"), UInt8(ascii: "g"), UInt8(ascii: "L"), UInt8(ascii: "K"):
            guard header.size <= Self.maximumExtension else {
                throw TarError("A header is longer than \(Self.maximumExtension) bytes")
            }
            state = .extended(type: header.type, size: header.size)
            return .again
        // The volume label, and Solaris access control lists.
        case UInt8(ascii: "V"), UInt8(ascii: "A"):
            state = .skipped(Self.padded(header.size))
            return .again
        default: return .event(.entry(entry(header)))
        }
    }

    private mutating func readExtension(_ type: UInt8, _ size: Int64) throws(TarError) -> Step {
        let padded = Int(Self.padded(size))
        guard let block = take(padded) else { return .more }
        let bytes = Array(block.prefix(Int(size)))
        state = .header
        switch type {
        case UInt8(ascii: "g"): try PaxRecords.checkGlobal(bytes)
        case UInt8(ascii: "L"): longName = Array(bytes.prefix { $0 != 0 })
        case UInt8(ascii: "K"): break
        default:
            var records = records ?? PaxRecords()
            try records.add(bytes)
            self.records = records
        }
        return .again
    }

    private mutating func entry(_ header: TarHeader) -> TarEntry {
        let records = records ?? PaxRecords()
        let path = records.path ?? longName ?? header.path
        (self.records, longName) = (nil, nil)
        let kind = Self.kind(header.type, path, records)
        // Links and devices have no content, even if their header contains a size. Only pax allows a hard link with
        // content.
        let size =
            switch header.type {
            case UInt8(ascii: "1"): records.size ?? 0
            case UInt8(ascii: "2")...UInt8(ascii: "6"): Int64(0)
            default: kind == .folder ? 0 : records.size ?? header.size
            }
        let padded = Self.padded(size)
        if kind == .file {
            state = .content(remaining: size, padding: padded - size)
        } else if header.type == UInt8(ascii: "S"), header.hasMoreHoles {
            state = .holes(size: size)
        } else {
            state = .skipped(padded)
        }
        return TarEntry(
            kind: kind,
            path: path,
            size: kind == .file ? size : 0,
            checksum: records.checksum,
            labels: records.labels
        )
    }

    private static func kind(_ type: UInt8, _ path: [UInt8], _ records: PaxRecords) -> TarEntry.Kind {
        switch type {
        case 0, UInt8(ascii: "0"), UInt8(ascii: "7"):
            if records.isSparse { return .unsupported("a sparse file") }
            // The oldest format has no type for folders.
            return path.last == UInt8(ascii: "/") ? .folder : .file
        case UInt8(ascii: "1"): return .unsupported("a hard link")
        case UInt8(ascii: "2"): return .unsupported("a symbolic link")
        case UInt8(ascii: "3"), UInt8(ascii: "4"): return .unsupported("a device")
        case UInt8(ascii: "5"): return .folder
        case UInt8(ascii: "6"): return .unsupported("a named pipe")
        case UInt8(ascii: "S"): return .unsupported("a sparse file")
        default: return .unsupported("an entry of an unknown type")
        }
    }
}
