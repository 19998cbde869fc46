package import PontoonServer
package import SystemPackage

extension Setting where Value == ListenAddress {
    package static var listen: Setting<ListenAddress> {
        Setting(
            "listen",
            SettingFormat(
                placeholder: "host:port|unix:path",
                allowed: nil,
                expectation: """
                    HOST:PORT with a port from 0 to 65535, where host 0.0.0.0 means all addresses, or unix:PATH with a \
                    path of at most 107 bytes
                    """
            ) { ListenAddress($0) },
            default: .text("127.0.0.1:8080"),
            summary: """
                Address to listen on, or path of a Unix socket; port 0 selects a free port, host 0.0.0.0 means all \
                addresses
                """
        )
    }
}

extension Setting where Value == ListenAddress? {
    package static var redirectListen: Setting<ListenAddress?> {
        Setting(
            "redirect-listen",
            SettingFormat(
                placeholder: "host:port",
                allowed: nil,
                expectation: "HOST:PORT with a port from 1 to 65535; host 0.0.0.0 means all addresses"
            ) { text in
                guard let address = ListenAddress(text), let port = address.port, port > 0 else { return nil }
                return .some(address)
            },
            default: .value(nil, described: "none"),
            summary: "Second address to listen on, which redirects plain HTTP to HTTPS; only with TLS"
        )
    }
}

extension Setting where Value == FilePermissions {
    package static var socketMode: Setting<FilePermissions> {
        Setting(
            "socket-mode",
            SettingFormat(
                placeholder: "octal",
                allowed: "0 to 777",
                expectation: "an octal mode from 0 to 777"
            ) { text in
                guard (1...4).contains(text.utf8.count), let mode = UInt16(text, radix: 8), mode <= 0o777 else {
                    return nil
                }
                return FilePermissions(rawValue: CInterop.Mode(mode))
            },
            default: .text("660"),
            summary: "Permissions of the Unix socket; clients need write permission to connect"
        )
    }
}

extension Setting where Value == FilePath? {
    package static var tlsCertificate: Setting<FilePath?> {
        file("tls-certificate", "PEM file of the server's certificate and the intermediate certificates; enables TLS")
    }

    package static var tlsKey: Setting<FilePath?> {
        file("tls-key", "PEM file of the certificate's private key, without a passphrase")
    }

    package static var tlsClientCA: Setting<FilePath?> {
        file(
            "tls-client-ca",
            "PEM file of CA certificates; if set, clients must present a certificate that one of these CAs has issued"
        )
    }

    private static func file(_ name: String, _ summary: String) -> Setting<FilePath?> {
        Setting(
            name,
            SettingFormat(placeholder: "file", allowed: nil, expectation: "the path of a file") {
                $0.isEmpty ? nil : .some(FilePath($0))
            },
            default: .value(nil, described: "none"),
            summary: summary
        )
    }
}
