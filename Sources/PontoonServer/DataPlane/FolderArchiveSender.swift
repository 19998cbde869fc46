import CGzip
import HummingbirdCore
import Logging
import NIOCore
import PontoonCore

/// A sender that writes a byte range of a folder archive as a response body, no faster than the client receives it.
///
/// If a file cannot be read or the folder has changed, the connection is closed before the number of bytes in
/// `Content-Length` has been sent, so the client cannot mistake a truncated archive for a complete one.
struct FolderArchiveSender: Sendable {
    /// Maximum length in bytes of a small file, which is read into memory together with the small files that follow it.
    private static let smallSize: Int64 = 64 << 10
    /// Maximum number of small files that are read concurrently.
    private static let groupSize = 16
    /// Number of bytes that are collected before they are sent.
    private static let bufferSize = 256 << 10

    let archives: FolderArchives
    let listing: FolderListing
    let range: Range<Int64>
    let objects: ObjectSender
    let place: PlaceLimiter.Place

    /// Sends the range and ends the body.
    ///
    /// Ends the request's record, even if an error is thrown.
    ///
    /// - Throws: An error if the connection closes, a file cannot be read or the folder has changed.
    @concurrent func send(to writer: inout any ResponseBodyWriter, _ context: AppContext) async throws {
        do {
            try await sendRange(to: &writer)
        } catch {
            // If the channel is inactive, the client has closed the connection.
            if objects.channel.isActive {
                let refusal = context.refusal(for: error)
                context.record.note(refusal: refusal.code)
                context.log.notice(
                    "folder download aborted",
                    metadata: ["file.id": "\(listing.folder.id)", "code": "\(refusal.code)"]
                )
            }
            objects.record.end(isComplete: false)
            throw error
        }
        objects.record.end(isComplete: true)
        try await writer.finish(nil)
    }

    @concurrent private func sendRange(to writer: inout any ResponseBodyWriter) async throws {
        var archive = Output(range: range, layout: FolderArchiveLayout(listing.format))
        /// The CRC-32 of each file of a zip archive.
        var checksums: [UInt32] = []
        var batches = archives.entries(of: listing)
        while !archive.isAtEnd, let entries = try await batches.next() {
            try await send(entries, to: &archive, &checksums, &writer)
        }
        if listing.format == .zip { try await sendDirectory(checksums, to: &archive, &writer) }
        archive.append { layout, bytes in layout.appendTrailer(to: &bytes) }
        try await flush(&archive, to: &writer)
        guard archive.isAtEnd else {
            throw PontoonError(.internalError, "The archive ended early, at byte \(archive.position).")
        }
    }

    @concurrent private func send(
        _ entries: [FolderArchiveEntry],
        to archive: inout Output,
        _ checksums: inout [UInt32],
        _ writer: inout any ResponseBodyWriter
    ) async throws {
        var contents: [Int: ByteBuffer] = [:]
        for (index, entry) in entries.enumerated() where !archive.isAtEnd {
            archive.append { layout, bytes in layout.appendHeader(entry, to: &bytes) }
            var checksum: UInt32 = 0
            if let wanted = archive.wanted(of: entry.size) {
                if entry.size <= Self.smallSize {
                    if contents[index] == nil { contents = try await read(entries, from: index) }
                    guard let content = contents.removeValue(forKey: index) else {
                        throw PontoonError(.internalError, "The content of file '\(entry.file.id)' was not read.")
                    }
                    if listing.format == .zip { checksum = content.crc32(after: checksum) }
                    archive.append(content)
                } else {
                    try await flush(&archive, to: &writer)
                    checksum = try await send(wanted, of: entry, to: &writer)
                    archive.skip(entry.size)
                }
            } else {
                archive.skip(entry.size)
            }
            if listing.format == .zip { checksums.append(checksum) }
            archive.append { layout, bytes in layout.appendFooter(of: entry, checksum: checksum, to: &bytes) }
            if archive.pending.readableBytes >= Self.bufferSize { try await flush(&archive, to: &writer) }
        }
    }

    /// Sends a range of a large file.
    ///
    /// Returns the CRC-32 of the range for a zip archive, and 0 for a tar archive. In a zip archive, the range is
    /// always the whole file.
    @concurrent private func send(
        _ wanted: Range<Int64>,
        of entry: FolderArchiveEntry,
        to writer: inout any ResponseBodyWriter
    ) async throws -> UInt32 {
        guard let reader = try await archives.open(entry) else { return 0 }
        var checksum: UInt32 = 0
        do {
            switch listing.format {
            case .tar: try await objects.send(wanted, of: reader, to: &writer)
            case .zip:
                var offset = wanted.lowerBound
                while offset < wanted.upperBound {
                    let count = min(ObjectSender.chunkSize, Int(wanted.upperBound - offset))
                    let chunk = try await reader.chunk(at: offset, count: count)
                    offset += Int64(chunk.readableBytes)
                    checksum = chunk.crc32(after: checksum)
                    try await objects.send(chunk, to: &writer)
                }
            }
        } catch {
            await reader.close()
            throw error
        }
        await reader.close()
        return checksum
    }

    /// Reads consecutive small files concurrently, starting at `first`, up to ``groupSize`` files or the next large
    /// file.
    ///
    /// Returns their contents by index, without empty files.
    private func read(_ entries: [FolderArchiveEntry], from first: Int) async throws -> [Int: ByteBuffer] {
        let group = (first..<min(first + Self.groupSize, entries.count)).prefix { entries[$0].size <= Self.smallSize }
        let nonempty = group.filter { entries[$0].size > 0 }
        let contents = try await mapConcurrently(nonempty, limit: Self.groupSize) { index in
            (index, try await read(entries[index]))
        }
        return Dictionary(uniqueKeysWithValues: contents)
    }

    private func read(_ entry: FolderArchiveEntry) async throws -> ByteBuffer {
        guard let reader = try await archives.open(entry) else { return ByteBuffer() }
        do {
            var content = ByteBuffer()
            while content.readableBytes < reader.size {
                let count = Int(reader.size) - content.readableBytes
                let chunk = try await reader.chunk(at: Int64(content.readableBytes), count: count)
                content.writeImmutableBuffer(chunk)
            }
            await reader.close()
            return content
        } catch {
            await reader.close()
            throw error
        }
    }

    /// Sends the central directory of a zip archive, which requires reading the listing again.
    @concurrent private func sendDirectory(
        _ checksums: [UInt32],
        to archive: inout Output,
        _ writer: inout any ResponseBodyWriter
    ) async throws {
        var positions = FolderArchiveLayout(listing.format)
        var scratch = ByteBuffer()
        var rest = checksums[...]
        var batches = archives.entries(of: listing)
        while let entries = try await batches.next() {
            for entry in entries {
                let (checksum, offset) = (rest.popFirst() ?? 0, positions.position)
                positions.appendHeader(entry, to: &scratch)
                positions.appendFooter(of: entry, checksum: checksum, to: &scratch)
                scratch.clear()
                archive.append { layout, bytes in
                    layout.appendDirectoryEntry(entry, checksum: checksum, offset: offset, to: &bytes)
                }
            }
            try await flush(&archive, to: &writer)
        }
    }

    @concurrent private func flush(_ archive: inout Output, to writer: inout any ResponseBodyWriter) async throws {
        guard archive.pending.readableBytes > 0 else { return }
        try await objects.send(archive.pending, to: &writer)
        archive.pending = ByteBuffer()
    }
}

extension FolderArchiveSender {
    /// The archive as it is encoded.
    ///
    /// Stores only the bytes that are in the range and have not been sent.
    private struct Output {
        let range: Range<Int64>
        var layout: FolderArchiveLayout
        /// Position of the next byte in the archive.
        private(set) var position: Int64 = 0
        /// The bytes in the range that have not been sent yet.
        var pending = ByteBuffer()

        init(range: Range<Int64>, layout: FolderArchiveLayout) {
            self.range = range
            self.layout = layout
        }

        /// Whether the position has reached the end of the range.
        var isAtEnd: Bool { position >= range.upperBound }

        /// Appends bytes that the layout produces.
        mutating func append(_ produce: (inout FolderArchiveLayout, inout ByteBuffer) -> Void) {
            var bytes = ByteBuffer()
            produce(&layout, &bytes)
            append(bytes)
        }

        mutating func append(_ bytes: ByteBuffer) {
            if let wanted = wanted(of: Int64(bytes.readableBytes)),
                let part = bytes.getSlice(at: bytes.readerIndex + Int(wanted.lowerBound), length: wanted.count)
            {
                pending.writeImmutableBuffer(part)
            }
            skip(Int64(bytes.readableBytes))
        }

        /// Advances the position past bytes that are outside the range or are sent separately.
        mutating func skip(_ count: Int64) { position = position.addingClamped(count) }

        /// Returns which of the next `count` bytes are in the range, relative to the position; `nil` if none are.
        func wanted(of count: Int64) -> Range<Int64>? {
            let wanted = range.clamped(to: position..<position.addingClamped(count))
            return wanted.isEmpty ? nil : wanted.lowerBound - position..<wanted.upperBound - position
        }
    }
}

extension ByteBuffer {
    /// Returns the CRC-32 of earlier bytes, whose checksum is given, followed by the readable bytes.
    fileprivate func crc32(after checksum: UInt32) -> UInt32 {
        withUnsafeReadableBytes { bytes in
            guard let start = bytes.bindMemory(to: UInt8.self).baseAddress, !bytes.isEmpty else { return checksum }
            return cgzip_crc32(checksum, start, bytes.count)
        }
    }
}
