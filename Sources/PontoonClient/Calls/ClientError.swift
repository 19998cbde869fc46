/// What went wrong other than a refusal by the API, in words for the person at the keyboard.
public struct ClientError: Error, Sendable, CustomStringConvertible {
    /// What kind of failure it is; the raw value is what `--json` shows.
    public enum Code: String, CaseIterable, Sendable {
        case endpointInvalid = "endpoint_invalid"
        case credentialsMissing = "credentials_missing"
        /// No connection could be made.
        case unreachable
        /// The server's certificate or the handshake was refused.
        case tlsFailed = "tls_failed"
        case connectionLost = "connection_lost"
        /// No byte moved, or no answer came, for too long.
        case timedOut = "timed_out"
        /// The answer is not what the API's documentation says.
        case answerUnreadable = "answer_unreadable"
        /// The storage behind a signed URL refused bytes.
        case storageRefused = "storage_refused"
        case checksumMismatch = "checksum_mismatch"
        /// The file changed while it was sent.
        case fileChanged = "file_changed"
        case fileUnreadable = "file_unreadable"
        case fileUnwritable = "file_unwritable"
        /// There is a file of that name here.
        case nameTaken = "name_taken"
        case diskFull = "disk_full"
        /// The file cannot be uploaded as it is: its name, or its size.
        case fileUnsuitable = "file_unsuitable"
        /// Another process is at the same upload.
        case busy
        case stateUnusable = "state_unusable"
        /// Arguments or files that say what to do make no sense together.
        case requestInvalid = "request_invalid"
        case notFound = "not_found"
    }

    /// Which kind.
    public let code: Code
    /// What happened, naming the file or the call.
    public let message: String
    /// What to do about it.
    public let advice: String?

    /// Joins the fields.
    public init(_ code: Code, _ message: String, advice: String? = nil) {
        self.code = code
        self.message = message
        self.advice = advice
    }

    /// In words.
    public var description: String { advice.map { "\(message) \($0)" } ?? message }
}
