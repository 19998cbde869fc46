import Foundation
import NIOSSL
import PontoonCore
import PontoonServer
import SystemPackage

/// The files from which the server reads its certificate.
package struct CertificateFiles: Hashable, Sendable {
    /// The server's certificate, followed by the intermediate certificates, in PEM format.
    let certificate: FilePath
    /// The private key of the certificate, in PEM format.
    let key: FilePath
    /// The CA certificates for client authentication, in PEM format; `nil` if clients need no certificate.
    let clientCA: FilePath?

    /// Maximum size of a file in bytes.
    private static let maximumSize = 1 << 20

    /// Reads the settings; returns `nil` if TLS is not configured.
    ///
    /// - Throws: ``SettingError`` if a value is not allowed or the settings contradict each other.
    init?(_ given: GivenSettings) throws {
        let certificate = try given.value(of: .tlsCertificate)
        let key = try given.value(of: .tlsKey)
        clientCA = try given.value(of: .tlsClientCA)
        let redirect = try given.value(of: .redirectListen)
        let listen = try given.value(of: .listen)
        switch (certificate, key) {
        case (let certificate?, let key?): (self.certificate, self.key) = (certificate, key)
        case (nil, nil):
            let problem = "it needs TLS; also set --tls-certificate and --tls-key"
            if clientCA != nil { throw SettingError(.tlsClientCA, problem) }
            if redirect != nil { throw SettingError(.redirectListen, problem) }
            return nil
        case (_?, nil):
            throw SettingError(.tlsKey, "it is missing; set it to the file with the certificate's private key")
        case (nil, _?): throw SettingError(.tlsCertificate, "it is missing; set it to the file with the certificate")
        }
        guard let port = listen.port else {
            throw SettingError(.listen, "a Unix socket cannot use TLS; remove --tls-certificate, or use HOST:PORT")
        }
        let publicURL = try given.value(of: .publicURL)
        if let publicURL, publicURL.description.hasPrefix("http:") {
            throw SettingError(.publicURL, "it begins with http://, but the server uses TLS; use https://")
        }
        if redirect != nil, port == 0, publicURL == nil {
            throw SettingError(.redirectListen, "its target port is unknown; set --public-url, or a port in --listen")
        }
    }

    /// The contents of the files.
    struct Contents: Hashable {
        fileprivate let certificate: [UInt8]
        fileprivate let key: [UInt8]
        fileprivate let clientCA: [UInt8]?
    }

    /// Reads the files.
    ///
    /// - Throws: ``SettingError`` if a file cannot be read.
    func read() throws -> Contents {
        Contents(
            certificate: try Self.read(certificate, .tlsCertificate),
            key: try Self.read(key, .tlsKey),
            clientCA: try clientCA.map { try Self.read($0, .tlsClientCA) }
        )
    }

    private static func read(_ path: FilePath, _ setting: Setting<FilePath?>) throws -> [UInt8] {
        do {
            let file = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .nonBlocking])
            return try file.closeAfter {
                // The path may name a pipe or a device by mistake. Reading it must neither block nor exhaust memory.
                var bytes = [UInt8](repeating: 0, count: maximumSize + 1)
                var count = 0
                while count < bytes.count {
                    let read = try bytes.withUnsafeMutableBytes { buffer in
                        try file.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[count...]))
                    }
                    guard read > 0 else { break }
                    count += read
                }
                guard count <= maximumSize else { throw Errno.fileTooLarge }
                return Array(bytes[..<count])
            }
        } catch let error as Errno {
            throw SettingError(setting, "cannot read the file '\(path)': \(error); check its path and permissions")
        }
    }

    /// Checks the contents and creates the TLS configuration from them.
    ///
    /// - Parameters:
    ///   - contents: The contents of the files.
    ///   - now: The current time, at which the certificate must be valid.
    /// - Returns: The configuration, and the time at which the certificate expires.
    /// - Throws: ``SettingError`` if a file contains no certificate or key, the key is encrypted, the certificate is
    ///   not valid now, or the key does not match the certificate.
    func load(_ contents: Contents, now: Date) throws -> LoadedCertificate {
        // Checks the validity period of the server's own certificate only, because clients ignore superfluous
        // certificates in the chain.
        let chain = try certificates(in: contents.certificate, certificate, .tlsCertificate)
        let expiry = Date(timeIntervalSince1970: Double(chain[0].notValidAfter))
        let start = Date(timeIntervalSince1970: Double(chain[0].notValidBefore))
        guard now < expiry else {
            throw SettingError(
                .tlsCertificate,
                "the certificate in '\(certificate)' expired at \(expiry.formatted(.iso8601)); renew it"
            )
        }
        guard now >= start else {
            throw SettingError(
                .tlsCertificate,
                "the certificate in '\(certificate)' is not valid before \(start.formatted(.iso8601)); check the clock"
            )
        }
        let privateKey = try privateKey(contents.key)
        let authorities = try clientCA.map { try certificates(in: contents.clientCA ?? [], $0, .tlsClientCA) }
        do {
            let context = try ServerTLS.context(
                chain: chain,
                key: privateKey,
                clientCertificateAuthorities: authorities
            )
            return LoadedCertificate(context: context, expiry: expiry)
        } catch {
            throw SettingError(
                .tlsKey,
                "the key in '\(key)' does not belong to the first certificate in '\(certificate)'; check both files"
            )
        }
    }

    private func certificates(
        in bytes: [UInt8],
        _ path: FilePath,
        _ setting: Setting<FilePath?>
    ) throws -> [NIOSSLCertificate] {
        // NIOSSL does not accept an empty array.
        guard !bytes.isEmpty, let certificates = try? NIOSSLCertificate.fromPEMBytes(bytes), !certificates.isEmpty
        else {
            throw SettingError(
                setting,
                "the file '\(path)' does not contain certificates in PEM format; specify another file"
            )
        }
        return certificates
    }

    private func privateKey(_ bytes: [UInt8]) throws -> NIOSSLPrivateKey {
        // Without a passphrase callback, BoringSSL refuses an encrypted key.
        if !bytes.isEmpty, let key = try? NIOSSLPrivateKey(bytes: bytes, format: .pem) { return key }
        let isEncrypted = String(decoding: bytes, as: UTF8.self).contains("ENCRYPTED")
        throw SettingError(
            .tlsKey,
            isEncrypted
                ? "the key in '\(key)' is encrypted; remove its passphrase with 'openssl pkey'"
                : "the file '\(key)' does not contain a private key in PEM format; specify another file"
        )
    }
}

/// The TLS configuration created from ``CertificateFiles``.
struct LoadedCertificate {
    let context: NIOSSLContext
    /// Time at which the server's certificate expires.
    let expiry: Date
}
