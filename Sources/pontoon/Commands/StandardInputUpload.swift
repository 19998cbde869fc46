import PontoonFoundation
import PontoonClient
import SystemPackage

extension UploadCommand {
    /// Uploads standard input as one file.
    ///
    /// - Parameters:
    ///   - sources: The arguments that name files; one of them is `-`.
    ///   - path: The destination.
    /// - Throws: `ExitCode` if the exit code is not 0.
    func uploadStandardInput(_ sources: [String], to path: RemotePath) async throws {
        try await runCommand(
            json: common.json,
            afterInterruption: "Standard input cannot be resumed. Run the same command again to start over."
        ) { [self] in
            try check(sources)
            try transfer.traffic.report.begin(json: common.json)
            let name = selection.name ?? ""
            let item = UploadItem(
                source: "-",
                name: name,
                tags: selection.tag,
                metadata: try SelectionArguments.metadata(selection.meta)
            )
            return try await common.withClient(isTransfer: true) { client in
                let report = TransferReport(
                    direction: .upload,
                    json: common.json,
                    items: [item],
                    stats: transfer.traffic.report.stats
                )
                let files = try await ResultFiles(receipt: transfer.receipt)
                let (destination, result) = try await files.discardedOnError {
                    let destination = try await client.makeFolders(path)
                    let uploader = Uploader(client, options: options(destination))
                    let result = try await uploader.upload(item) {
                        try await StandardInput.next()
                    } observe: {
                        await report.follow($0)
                    }
                    return (destination, result)
                }
                let end = report.finish([result])
                try files.write(receipt: Receipt([result], endpoint: client.endpoint, destination: destination))
                return end
            }
        }
    }

    private func check(_ sources: [String]) throws {
        let problem: String? =
            if sources.count > 1 {
                "'-' must be the only file."
            } else if selection.name == nil {
                "An upload from standard input needs a name."
            } else {
                unusable.first { $0.isUsed }.map { "\($0.option) cannot be used with standard input." }
            }
        guard let problem else { return }
        throw ClientError(
            .requestInvalid,
            problem,
            advice: "Use 'pontoon upload - --name NAME'. To upload a file named '-', pass './-'."
        )
    }

    private var unusable: [(option: String, isUsed: Bool)] {
        [
            ("--keep-tree", selection.keepTree), ("--include", !selection.include.isEmpty),
            ("--exclude", !selection.exclude.isEmpty), ("--files-from", selection.filesFrom != nil),
            ("--manifest", selection.manifest != nil), ("--last", !selection.last.isEmpty),
            ("--min-age", selection.minAge != nil), ("--upload-id", upload.uploadID != nil),
            ("--adopt", upload.adopt), ("--dry-run", upload.dryRun), ("--explain", upload.explain),
            ("--failed-to", upload.failedTo != nil), ("--md5", upload.md5),
        ]
    }
}

/// Standard input as a stream of bytes.
private enum StandardInput {
    /// Maximum number of bytes to return at a time.
    private static let chunkSize = 1 << 20

    /// Returns the next bytes; `nil` at the end of the stream.
    static func next() async throws -> [UInt8]? {
        let bytes = try await abandonable { try read() }
        guard bytes.isEmpty else { return bytes }
        // Ctrl-C also interrupts the program that writes to the pipe, which then ends the stream. Without a pause, the
        // upload of the incomplete stream could be completed before this process handles the signal.
        try await Task.sleep(for: .milliseconds(200))
        return nil
    }

    /// Reads until a chunk is full or the stream ends.
    ///
    /// Blocks the calling thread.
    private static func read() throws -> [UInt8] {
        do {
            return try [UInt8](unsafeUninitializedCapacity: chunkSize) { buffer, count in
                while count < chunkSize {
                    let rest = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[count...])
                    let read = try FileDescriptor.standardInput.read(into: rest)
                    if read == 0 { break }
                    count += read
                }
            }
        } catch {
            throw ClientError(
                .fileUnreadable,
                "Cannot read standard input: \(error).",
                advice: "Redirect it from a pipe or a file."
            )
        }
    }
}
