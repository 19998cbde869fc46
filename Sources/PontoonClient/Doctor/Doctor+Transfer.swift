import PontoonFoundation
import PontoonCore
import SystemPackage

extension Doctor {
    /// Uploads a test file and, if the upload succeeds, downloads the file and deletes it from the server.
    ///
    /// If the upload fails after the server has created it, it is aborted.
    ///
    /// - Throws: A file system error if the local test files cannot be deleted.
    func checkTransfer(_ client: SevenBridgesClient, _ project: String, _ run: DiagnosticRun) async throws {
        let folder = FilePath(FileManager.default.temporaryDirectory.path)
            .appending("pontoon-doctor-\(UUID().uuidString.prefix(8))")
        do {
            try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: false)
            try Self.fill(folder.appending("sent"), size: options.size)
        } catch {
            if FileManager.default.fileExists(atPath: folder.string) {
                try FileManager.default.removeItem(atPath: folder.string)
            }
            return run.note(
                .upload,
                .bad,
                "Cannot create a file in '\(folder.removingLastComponent())': \(error.reason).",
                advice: "Free some space, or choose another directory with TMPDIR.",
                error: ClientError(.fileUnwritable, "\(error)")
            )
        }
        let name = (folder.lastComponent?.string ?? "pontoon-doctor") + ".bin"
        if let id = await upload(folder.appending("sent"), as: name, to: project, client, run) {
            await download(id, name, to: folder.appending("received"), client, run)
            await remove(id, name, client, run)
        }
        try FileManager.default.removeItem(atPath: folder.string)
    }

    /// Writes a file of random bytes, which a proxy cannot compress.
    private static func fill(_ path: FilePath, size: Int) throws {
        var random = SystemRandomNumberGenerator()
        let words = (0..<(size + 7) / 8).map { _ in random.next() }
        let data = words.withUnsafeBytes { Data($0.prefix(size)) }
        try data.write(to: URL(filePath: path.string))
    }

    private func upload(
        _ path: FilePath,
        as name: String,
        to project: String,
        _ client: SevenBridgesClient,
        _ run: DiagnosticRun
    ) async -> String? {
        let uploader = Uploader(client, options: UploadOptions(destination: .project(project)))
        let done = await run.attempt(.upload) {
            try await uploader.upload([UploadItem(source: path, name: name)])
        }
        guard let (results, time) = done, let result = results.first else { return nil }
        if case .failed(let error) = result.outcome { run.fail(.upload, error) }
        guard result.isSuccess, let id = result.fileID else {
            await abort(result.uploadID, client, run)
            return nil
        }
        switch result.verification {
        case .file, .parts:
            run.note(.upload, .good, "\(rate(time)) uploaded to \(project) and verified.", time: time)
        case .size, nil:
            run.note(
                .upload,
                .warning,
                "\(rate(time)) uploaded to \(project); the storage provides no checksum to compare.",
                advice: "Only the length was compared. Over https, TLS protects the bytes in transit.",
                time: time
            )
        }
        return id
    }

    private func abort(_ upload: String?, _ client: SevenBridgesClient, _ run: DiagnosticRun) async {
        guard let upload else { return }
        do {
            try await client.abortUpload(upload)
        } catch {
            run.note(
                .removal,
                .warning,
                error is CancellationError
                    ? "The upload of the test file was not aborted." : "The upload could not be aborted: \(error)",
                advice: "Abort it with 'pontoon uploads abort \(upload)'."
            )
        }
    }

    private func download(
        _ id: String,
        _ name: String,
        to path: FilePath,
        _ client: SevenBridgesClient,
        _ run: DiagnosticRun
    ) async {
        let done = await run.attempt(.download) {
            try await Downloader(client).download([DownloadItem(id: id, remotePath: name, target: path)])
        }
        guard let (results, time) = done, let result = results.first else { return }
        if case .failed(let error) = result.outcome { return run.fail(.download, error) }
        guard result.isSuccess else { return }
        let verified = result.verification == .file ? " and verified" : ""
        run.note(.download, .good, "\(rate(time)) downloaded\(verified).", time: time)
    }

    private func remove(_ id: String, _ name: String, _ client: SevenBridgesClient, _ run: DiagnosticRun) async {
        do {
            try await client.deleteFile(id)
            run.note(.removal, .good, "The test file '\(name)' was deleted.")
        } catch {
            run.note(
                .removal,
                .warning,
                error is CancellationError
                    ? "The test file '\(name)' was not deleted."
                    : "The test file '\(name)' could not be deleted: \(error)",
                advice: "Delete it with 'pontoon files rm \(id)'."
            )
        }
    }

    /// Formats the size and the throughput of the test transfer, such as `4.0 MiB (12.3 MiB/s)`.
    private func rate(_ time: Duration) -> String {
        let size = Double(options.size) / 0x1p20
        return "\(size.text(places: 1)) MiB (\((size / max(time.inSeconds, 1e-6)).text(places: 1)) MiB/s)"
    }
}
