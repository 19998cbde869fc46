import NIOCore

/// A reservation of memory for a file that is collected until all its bytes have been received.
package protocol ArchiveMemory: Sendable {
    /// Reserves more memory.
    ///
    /// - Throws: `.unavailable` if too little memory is available; the reservation is then unchanged.
    func grow(by bytes: Int) throws
    /// Releases all memory that was reserved.
    func end()
}

/// The receiver of one archive, which adds small files and folders to the queue, and stores large files itself.
struct ArchiveReceiver: Sendable {
    let uploads: Uploads
    let destination: ArchiveDestination
    let folders: ArchiveFolders
    let queue: ArchiveQueue
    let limit: Int64
    let limits: ArchiveLimits
    let labels: @Sendable (String) throws -> FileLabels
    let reserve: @Sendable () -> any ArchiveMemory
    /// What is done with the content of the current entry.
    private var content = Content.ignored

    fileprivate enum Content: Sendable {
        case ignored
        /// A small file, which is stored together with other files of the archive.
        case small(TarEntry, ArchivePath, ByteBuffer, ExpectedChecksums, FileLabels)
        case streamed(any ObjectWriter, NewFile, any StreamingObjectStore, displayPath: String)
        /// A large file for a bucket. It is collected in memory, because the bucket stores it with one request.
        case kept(ByteBuffer, NewFile, any ArchiveMemory, displayPath: String)
        /// A large file that was received completely.
        ///
        /// Its writer has finished, so it is not aborted if the archive fails.
        case ended(displayPath: String)
    }

    init(
        uploads: Uploads,
        destination: ArchiveDestination,
        folders: ArchiveFolders,
        queue: ArchiveQueue,
        limit: Int64,
        limits: ArchiveLimits,
        labels: @escaping @Sendable (String) throws -> FileLabels,
        reserve: @escaping @Sendable () -> any ArchiveMemory
    ) {
        self.uploads = uploads
        self.destination = destination
        self.folders = folders
        self.queue = queue
        self.limit = limit
        self.limits = limits
        self.labels = labels
        self.reserve = reserve
    }

    /// Receives all entries, and adds them or their results to the queue.
    ///
    /// - Throws: ``TarError``; `.badRequest` if the archive expands too much; the errors of the body; an error if a
    ///   store is unavailable; `CancellationError`.
    mutating func receive<Body: AsyncSequence>(_ body: Body) async throws where Body.Element == ByteBuffer {
        do {
            var reader = TarReader()
            for try await chunk in body where chunk.readableBytes > 0 {
                reader.append(chunk)
                while let event = try reader.next() { try await handle(event) }
                try limits.check(overhead: reader.overhead)
            }
            // The body of a cancelled request ends early without an error.
            try Task.checkCancellation()
            try reader.finish()
        } catch {
            await abandon()
            throw error
        }
    }

    private mutating func handle(_ event: TarEvent) async throws {
        let displayPath: String
        if case .entry(let entry) = event { displayPath = entry.displayPath } else { displayPath = content.displayPath }
        do {
            switch event {
            case .entry(let entry): try await begin(entry)
            case .content(let bytes): try await add(bytes)
            case .endOfFile: try await end()
            }
        } catch let error as PontoonError {
            // Ignores the remaining content of the entry.
            await abandon()
            try await queue.append(.done(.refused(error, path: displayPath)))
        }
    }

    /// Discards the content of the current entry.
    private mutating func abandon() async {
        let abandoned = content
        content = .ignored
        switch abandoned {
        case .ignored, .small, .ended: break
        case .streamed(let writer, _, _, _): await writer.abort()
        case .kept(_, _, let memory, _): memory.end()
        }
    }

    // MARK: - Entries

    private mutating func begin(_ entry: TarEntry) async throws {
        content = .ignored
        switch entry.kind {
        case .unsupported(let type):
            throw PontoonError(.badRequest, "This is \(type); only files and folders are stored.")
        case .folder:
            try await queue.append(.folder(try ArchivePath(entry), displayPath: entry.displayPath))
        case .file:
            let path = try ArchivePath(entry)
            guard entry.size <= limit else { throw Uploads.tooLong(limit) }
            let expected = try ExpectedChecksums(
                crc64nvme: entry.checksum,
                crc32c: nil,
                sha256: nil,
                contentMD5: nil
            )
            let labels = try entry.labels.map(labels) ?? FileLabels()
            try labels.check()
            guard entry.size > Archives.smallSize else {
                let bytes = ByteBufferAllocator().buffer(capacity: Int(entry.size))
                content = .small(entry, path, bytes, expected, labels)
                return
            }
            try await beginLong(entry, path, expected, labels)
        }
    }

    private mutating func beginLong(
        _ entry: TarEntry,
        _ path: ArchivePath,
        _ expected: ExpectedChecksums,
        _ labels: FileLabels
    ) async throws {
        // Waiting keeps the results in the order of the archive, and lets only one task at a time create folders.
        try await queue.waitUntilStored()
        try await folders.create([path.names.dropLast()])
        let put = FilePut(
            folder: .folder(id: try folders.folder(path.names.dropLast()).get().id),
            name: path.names.last ?? "",
            rule: destination.rule,
            labels: labels,
            length: entry.size,
            expected: expected
        )
        switch try await uploads.check(put, limit: limit, caller: destination.caller) {
        case .existing(let file):
            try await queue.append(.done(.file(file, path: entry.displayPath, isNew: false)))
        case .new(let new):
            switch uploads.storage {
            case .streaming(let store, _, _):
                let writer = store.openWriter(of: new.key, expecting: expected)
                content = .streamed(writer, new, store, displayPath: entry.displayPath)
            case .presigned: content = .kept(ByteBuffer(), new, reserve(), displayPath: entry.displayPath)
            }
        }
    }

    private mutating func add(_ bytes: ByteBuffer) async throws {
        switch content {
        case .ignored, .ended: break
        case .small(let entry, let path, var file, let expected, let labels):
            content = .ignored
            // Copied, so that the memory of the received chunk can be released.
            file.writeBytes(bytes.readableBytesView)
            content = .small(entry, path, file, expected, labels)
        case .streamed(let writer, _, _, _): try await writer.write(bytes)
        case .kept(var file, let new, let memory, let displayPath):
            try memory.grow(by: bytes.readableBytes)
            content = .ignored
            file.writeImmutableBuffer(bytes)
            content = .kept(file, new, memory, displayPath: displayPath)
        }
    }

    private mutating func end() async throws {
        switch content {
        case .ignored, .ended: break
        case .small(let entry, let path, let bytes, let expected, let labels):
            content = .ignored
            let file = ArchiveFile(
                displayPath: entry.displayPath,
                path: path,
                bytes: bytes,
                expected: expected,
                labels: labels,
                labelsSize: entry.labels?.utf8.count ?? 0
            )
            try await queue.append(.file(file))
        case .streamed(let writer, let new, let store, let displayPath):
            // From now on, the writer cleans up by itself if an error occurs.
            content = .ended(displayPath: displayPath)
            let added = try await uploads.finish(writer, last: nil, of: new, in: store)
            await uploads.noteStored([added], new.put.rule)
            try await finish(added, displayPath)
        case .kept(let bytes, let new, let memory, let displayPath):
            defer { memory.end() }
            let added = try await uploads.put(new, body: OneChunk(bytes), limit: limit) { _ in }
            try await finish(added, displayPath)
        }
    }

    private mutating func finish(_ added: AddedFile, _ displayPath: String) async throws {
        content = .ignored
        try await queue.append(.done(ArchiveResult(added, path: displayPath)))
    }
}

extension ArchiveReceiver.Content {
    /// The path of the entry; empty if its content is ignored.
    fileprivate var displayPath: String {
        switch self {
        case .ignored: ""
        case .small(let entry, _, _, _, _): entry.displayPath
        case .streamed(_, _, _, let path), .kept(_, _, _, let path), .ended(let path): path
        }
    }
}
