import AsyncHTTPClient
import Crypto
import Foundation
import NIOCore
import NIOFoundationEssentialsCompat
import NIOHTTP1
import NIOSSL
import PontoonCore
import PontoonHTTPClient
import SystemPackage

/// A client for an S3 store that signs requests and retries them after transient errors.
struct S3Client: Sendable {
    /// Maximum length of a response body in bytes.
    ///
    /// Objects are read in ranges of at most this length, and a list of 1000 entries is shorter than 1 MiB.
    private static let longestResponse = 8 << 20
    /// Timeout of one attempt, from the start of the request until the response head has arrived.
    ///
    /// Includes the time to send the request body. Only the read timeout applies to the response body.
    private static let deadline = TimeAmount.minutes(15)

    let address: S3Address
    let credentials: S3Credentials
    let region: String
    let retry: S3Retry
    let now: @Sendable () -> Date
    private let http: HTTPClient

    /// - Parameters:
    ///   - settings: Location of the store, timeouts and retries.
    ///   - credentials: Credentials that sign every request.
    ///   - now: Returns the current time, for signatures.
    /// - Throws: An error if the file of certificate authorities cannot be read.
    init(_ settings: S3Settings, credentials: S3Credentials, now: @escaping @Sendable () -> Date) throws {
        address = S3Address(
            endpoint: settings.endpoint,
            bucket: settings.bucket,
            isPathStyle: settings.isPathStyle
        )
        self.credentials = credentials
        region = settings.region
        retry = S3Retry(attempts: settings.attempts)
        self.now = now
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout = .init(
            connect: TimeAmount(settings.connectTimeout),
            read: TimeAmount(settings.readTimeout),
            write: TimeAmount(settings.readTimeout)
        )
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = settings.connections
        // Shorter than the idle timeouts of stores and load balancers, so that few requests are sent on a connection
        // that the other side is closing.
        configuration.connectionPool.idleTimeout = .seconds(4)
        // Disabled, because `retrying` retries only transient errors, with backoff.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.httpVersion = .http1Only
        configuration.http1_1ConnectionDebugInitializer = ResponseStatusCheck.add
        var tls = TLSConfiguration.makeClientConfiguration()
        // The default is TLS 1.0; RFC 8996 deprecates versions before 1.2.
        tls.minimumTLSVersion = .tlsv12
        if let file = settings.certificates {
            tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(file.string))
        }
        configuration.tlsConfiguration = tls
        http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    func shutDown() async throws { try await http.shutdown() }

    /// Sends a request, and retries it after transient errors.
    ///
    /// - Returns: A response with a status from 200 to 299.
    /// - Throws: ``S3Error`` if the store returns an error; ``S3Unreachable`` if the store does not send a complete
    ///   response, or if the request body cannot be read; ``RangeChunks/EndedEarly`` if the request body is too short;
    ///   ``S3UnexpectedResponse`` if the response body is longer than 8 MiB; `CancellationError`.
    func send(_ request: S3Request) async throws -> S3Response {
        try await retrying { try await sendOnce(request) }
    }

    /// Runs an operation, and retries it with backoff after transient errors, up to the maximum number of attempts.
    ///
    /// - Returns: The result of `body`.
    /// - Throws: The error of the last attempt; `CancellationError`.
    func retrying<Value: Sendable>(_ body: () async throws -> Value) async throws -> Value {
        var attempt = 1
        while true {
            do {
                return try await body()
            } catch  where S3Retry.isTransient(error) {
                guard let pause = retry.pause(after: attempt, jitter: .random(in: 0...1)) else { throw error }
                try await Task.sleep(for: pause)
                attempt += 1
            }
        }
    }

    /// Sends a request once, without retries; otherwise like ``send(_:)``.
    func sendOnce(_ request: S3Request) async throws -> S3Response {
        let response = try await exchange(request)
        guard (200..<300).contains(response.status) else { throw Self.error(response) }
        return response
    }

    /// Sends a request to any URL, such as a presigned URL, without signing or retrying the request.
    ///
    /// - Returns: The response, even if its status is an error.
    /// - Throws: ``S3Unreachable`` if the response head does not arrive within 10 seconds or the body is incomplete;
    ///   ``S3UnexpectedResponse`` if the body is too long; `CancellationError`.
    func fetch(
        _ method: String,
        _ url: String,
        headers: [NamedValue],
        body: ByteBuffer? = nil
    ) async throws -> S3Response {
        var request = HTTPClientRequest(url: url)
        request.method = HTTPMethod(rawValue: method)
        for header in headers { request.headers.add(name: header.name, value: header.value) }
        request.body = body.map { .bytes($0) }
        return try await exchange(request, deadline: .now() + .seconds(10))
    }

    private func exchange(_ request: S3Request) async throws -> S3Response {
        try await exchange(try signed(request), deadline: .now() + Self.deadline)
    }

    private func exchange(_ request: HTTPClientRequest, deadline: NIODeadline) async throws -> S3Response {
        do {
            let response = try await http.execute(request, deadline: deadline)
            var body = ByteBuffer()
            for try await chunk in response.body {
                guard body.readableBytes + chunk.readableBytes <= Self.longestResponse else {
                    throw S3UnexpectedResponse("the body is longer than \(Self.longestResponse) bytes")
                }
                body.writeImmutableBuffer(chunk)
            }
            try Self.checkLength(of: body, in: response, to: request)
            return S3Response(
                status: Int(response.status.code),
                headers: Dictionary(response.headers.map { ($0.name.lowercased(), $0.value) }) { first, _ in first },
                body: body
            )
        } catch let error as HTTPClientError where error == .cancelled {
            throw CancellationError()
        } catch let error as S3UnexpectedResponse {
            throw error
        } catch let error where error is CancellationError || error is RangeChunks.EndedEarly {
            throw error
        } catch {
            try Task.checkCancellation()
            throw S3Unreachable(cause: error)
        }
    }

    /// Checks the length of a response body against the `Content-Length` header, if the response has one.
    ///
    /// - Throws: ``S3Unreachable`` if the lengths differ.
    private static func checkLength(
        of body: ByteBuffer,
        in response: HTTPClientResponse,
        to request: HTTPClientRequest
    ) throws {
        guard request.method != .HEAD, let text = response.headers.first(name: "Content-Length"),
            let length = Int(text), length != body.readableBytes
        else { return }
        throw S3Unreachable(cause: S3UnexpectedResponse("the body ends after \(body.readableBytes) of \(length) bytes"))
    }

    private func signed(_ request: S3Request) throws -> HTTPClientRequest {
        let path = address.path(request.key)
        let host = NamedValue("Host", address.host)
        let signer = SigV4(credentials: credentials, region: region, time: now())
        let query = CanonicalRequest(
            method: request.method,
            path: path,
            query: request.query,
            headers: [],
            payloadHash: ""
        ).canonicalQuery
        var signed = HTTPClientRequest(url: address.url(path: path, query: query))
        signed.method = HTTPMethod(rawValue: request.method)
        let payloadHash: String
        switch request.body {
        case .none: payloadHash = hexDigest(Data())
        case .bytes(let bytes):
            payloadHash = hexDigest(Data(buffer: bytes))
            signed.body = .bytes(bytes)
        case .range(let reader, let range):
            payloadHash = CanonicalRequest.unsignedPayload
            signed.body = .stream(RangeChunks(reader: reader, range: range), length: .known(Int64(range.count)))
        }
        let headers = signer.signedHeaders(
            method: request.method,
            path: path,
            query: request.query,
            headers: [host] + request.headers,
            payloadHash: payloadHash
        )
        for header in headers { signed.headers.add(name: header.name, value: header.value) }
        return signed
    }

    /// Returns the error that a response reports.
    ///
    /// If the body contains no S3 error, as in responses to `HEAD`, the error code is derived from the HTTP status.
    static func error(_ response: S3Response) -> S3Error {
        let body = S3XML.error(response.body)
        let fallback =
            switch response.status {
            case 301, 307: "PermanentRedirect"
            case 403: "AccessDenied"
            case 404: "NotFound"
            case 412: "PreconditionFailed"
            default: "HTTP\(response.status)"
            }
        return S3Error(
            status: response.status,
            code: body?.code ?? fallback,
            message: body?.message ?? "",
            requestID: response.headers["x-amz-request-id"] ?? body?.requestId,
            region: response.headers["x-amz-bucket-region"] ?? body?.region
        )
    }
}
