import PontoonFoundation
import PontoonClient
import SystemPackage

/// A file for a result of a transfer, such as a receipt, that is opened before the transfer and written after it.
///
/// As with redirection in a shell, symbolic links are followed, and the path may also name a device or a pipe. An
/// existing file keeps its content until ``write(_:)``.
struct OutputFile: Sendable {
    private let path: FilePath
    private let option: String
    private let descriptor: FileDescriptor
    private let isNew: Bool

    /// Opens or creates a file.
    ///
    /// If the file is a named pipe, waits until another process opens it for reading.
    ///
    /// - Parameters:
    ///   - path: The value of the option; `nil` if it was not given.
    ///   - option: Name of the option for error messages, such as `--receipt`.
    /// - Returns: The file; `nil` if there is no path.
    /// - Throws: ``ClientError`` with code `.fileUnwritable`; `CancellationError`.
    static func open(_ path: String?, option: String) async throws -> OutputFile? {
        guard let path else { return nil }
        return try await abandonable { try OutputFile(FilePath(path), option: option) }
    }

    private init(_ path: FilePath, option: String) throws {
        self.path = path
        self.option = option
        do {
            do {
                descriptor = try FileDescriptor.open(
                    path,
                    .writeOnly,
                    options: [.create, .exclusiveCreate, .closeOnExec],
                    permissions: FilePermissions(rawValue: 0o666)
                )
                isNew = true
            } catch Errno.fileExists {
                // The path may also be a link to a file that does not exist yet.
                descriptor = try FileDescriptor.open(
                    path,
                    .writeOnly,
                    options: [.create, .closeOnExec],
                    permissions: FilePermissions(rawValue: 0o666)
                )
                isNew = false
            }
        } catch {
            throw Self.failure(path, error, advice: "Check the path given with \(option).")
        }
    }

    /// Replaces the content of the file and closes it.
    ///
    /// Blocks the calling thread.
    ///
    /// - Throws: ``ClientError`` with code `.fileUnwritable`.
    func write(_ data: Data) throws {
        do {
            try descriptor.closeAfter {
                // Devices and pipes cannot be truncated.
                do { try descriptor.resize(to: 0) } catch Errno.invalidArgument {}
                _ = try descriptor.writeAll(data)
            }
        } catch {
            let advice = "Run the same command again with another path for \(option)."
            throw Self.failure(path, error, advice: advice)
        }
    }

    /// Closes the file without writing results, and deletes it if it did not exist before.
    func discard() {
        // Ignore errors, because a remaining empty file does no harm.
        do { try descriptor.close() } catch {}
        if isNew { do { try FileManager.default.removeItem(atPath: path.string) } catch {} }
    }

    private static func failure(_ path: FilePath, _ error: any Error, advice: String) -> ClientError {
        ClientError(.fileUnwritable, "Cannot write '\(path)': \(error).", advice: advice)
    }
}

/// The files for the results of a transfer: `--receipt` and `--failed-to`.
struct ResultFiles: Sendable {
    private let receipt: OutputFile?
    private let failedPaths: OutputFile?

    /// Opens the files whose paths were given.
    ///
    /// - Throws: ``ClientError`` with code `.fileUnwritable`; `CancellationError`.
    init(receipt: String?, failedTo: String? = nil) async throws {
        self.receipt = try await OutputFile.open(receipt, option: "--receipt")
        do {
            failedPaths = try await OutputFile.open(failedTo, option: "--failed-to")
        } catch {
            self.receipt?.discard()
            throw error
        }
    }

    /// Runs a transfer, and discards the files if it throws an error.
    func discardedOnError<Value>(_ transfer: () async throws -> Value) async throws -> Value {
        do {
            return try await transfer()
        } catch {
            receipt?.discard()
            failedPaths?.discard()
            throw error
        }
    }

    /// Writes both files, the second one even if writing the first one fails.
    ///
    /// Blocks the calling thread.
    ///
    /// - Throws: ``ClientError`` with code `.fileUnwritable`.
    func write(receipt content: @autoclosure () -> Receipt, failedPaths list: @autoclosure () -> Data = Data()) throws {
        let written = [
            Result { try receipt?.write(content().encoded()) },
            Result { try failedPaths?.write(list()) },
        ]
        for result in written { try result.get() }
    }
}
