import AsyncHTTPClient
import Foundation
import NIOSSL
import PontoonTesting
import Subprocess
import SystemPackage
import Testing

/// The files of a certificate and its private key.
struct CertificatePair: Sendable {
    let certificate: FilePath
    let key: FilePath

    /// The flags with which a server uses the certificate.
    var flags: [String] { ["--tls-certificate", certificate.string, "--tls-key", key.string] }

    /// Replaces the files with those of another certificate, the key first, as many tools do.
    func replace(with other: CertificatePair) throws {
        for (old, new) in [(key, other.key), (certificate, other.certificate)] {
            try Data(contentsOf: URL(filePath: new.string)).write(to: URL(filePath: old.string), options: .atomic)
        }
    }
}

/// A certificate authority for a test, which issues certificates with openssl.
struct TestAuthority: Sendable {
    private let folder: FilePath

    /// The certificate of the authority itself.
    var certificate: FilePath { folder.appending("ca.pem") }

    /// Creates an authority, with its files in a new directory.
    init(in folder: FilePath) async throws {
        self.folder = folder
        try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
        try await openssl([
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30",
            "-subj", "/CN=Authority of a test", "-keyout", folder.appending("ca.key").string,
            "-out", certificate.string,
        ])
    }

    /// Issues a certificate for servers and clients.
    ///
    /// - Parameters:
    ///   - name: The common name, and the name of the files.
    ///   - hosts: The names and addresses of the server in openssl's format.
    ///   - kind: The type of the key in openssl's format, such as `rsa:2048`.
    ///   - days: The validity period in days.
    ///   - shift: The time of issue, as an offset for faketime such as `-20d`.
    /// - Returns: The certificate and its key.
    /// - Throws: An error if openssl fails.
    func issue(
        _ name: String,
        for hosts: String = "IP:127.0.0.1,DNS:localhost",
        key kind: String = "ec",
        days: Int = 60,
        shift: String = "+0"
    ) async throws -> CertificatePair {
        let pair = CertificatePair(
            certificate: folder.appending("\(name).pem"),
            key: folder.appending("\(name).key")
        )
        let (request, extensions) = (folder.appending("\(name).csr"), folder.appending("\(name).ext"))
        let curve = kind == "ec" ? ["-pkeyopt", "ec_paramgen_curve:prime256v1"] : []
        try await openssl(
            ["req", "-new", "-newkey", kind] + curve + [
                "-nodes", "-subj", "/CN=\(name)", "-keyout", pair.key.string, "-out", request.string,
            ]
        )
        try "subjectAltName=\(hosts)\nextendedKeyUsage=serverAuth,clientAuth\n"
            .write(toFile: extensions.string, atomically: true, encoding: .utf8)
        try await openssl(
            [
                "x509", "-req", "-in", request.string, "-CA", certificate.string, "-CAkey",
                folder.appending("ca.key").string, "-CAcreateserial", "-days", String(days),
                "-extfile", extensions.string,
                "-out", pair.certificate.string,
            ],
            shift: shift
        )
        return pair
    }

    /// Runs `body` with an HTTP client that trusts only this authority.
    ///
    /// The client presents the certificate `pair` unless it is `nil`.
    func withHTTP<Value: Sendable>(
        certificate pair: CertificatePair? = nil,
        _ body: @Sendable (HTTPClient) async throws -> Value
    ) async throws -> Value {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(certificate.string))
        if let pair {
            tls.certificateChain = try NIOSSLCertificate.fromPEMFile(pair.certificate.string).map { .certificate($0) }
            tls.privateKey = .privateKey(try NIOSSLPrivateKey(file: pair.key.string, format: .pem))
        }
        var configuration = HTTPClient.Configuration(tlsConfiguration: tls)
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 128
        let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        let result: Result<Value, any Error>
        do { result = .success(try await body(http)) } catch { result = .failure(error) }
        try await http.shutdown()
        return try result.get()
    }
}

/// Runs openssl, and requires that it succeeds.
///
/// `shift` is an offset of the clock for faketime, such as `-20d`.
///
/// - Returns: Its output.
@discardableResult
func openssl(_ arguments: [String], shift: String = "+0", input: String = "") async throws -> String {
    let result = try await run(
        .name("faketime"),
        arguments: Arguments(["-f", shift, "openssl"] + arguments),
        input: .string(input),
        output: .string(limit: 1 << 20),
        error: .string(limit: 1 << 20)
    )
    try #require(result.terminationStatus.isSuccess, "openssl \(arguments): \(result.standardError)")
    return result.standardOutput
}

/// A TLS connection made with `openssl s_client`.
struct SecureConnection: Sendable {
    /// Whether the handshake succeeded.
    let isEstablished: Bool
    /// The output of openssl.
    let report: String

    /// Connects to a server, sends text and reads until the server closes the connection.
    init(_ server: ServerProcess, _ arguments: [String], input: String = "") async throws {
        // openssl closes the connection when the input ends, unless -ign_eof is given.
        let result = try await run(
            .name("openssl"),
            arguments: Arguments(["s_client", "-connect", "127.0.0.1:\(try server.port)"] + arguments),
            input: .string(input),
            output: .string(limit: 4 << 20),
            error: .string(limit: 1 << 20)
        )
        report = result.standardOutput + result.standardError
        isEstablished = result.terminationStatus.isSuccess && !report.contains("Cipher is (NONE)")
    }

    /// The common name in the certificate of the server; `nil` if there is none.
    var commonName: String? {
        report.firstMatch(of: #/subject=.*CN ?= ?([A-Za-z0-9 -]+)/#).map { String($0.1) }
    }
}

/// Runs curl without a proxy.
///
/// - Returns: Its exit status and output.
func curl(_ arguments: [String]) async throws -> (status: TerminationStatus, output: String) {
    let result = try await run(
        .name("curl"),
        arguments: Arguments(["--silent", "--show-error", "--noproxy", "*"] + arguments),
        output: .string(limit: 64 << 20),
        error: .string(limit: 1 << 20)
    )
    return (result.terminationStatus, result.standardOutput + result.standardError)
}
