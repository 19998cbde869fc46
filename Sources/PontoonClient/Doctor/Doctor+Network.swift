import Foundation
import NIOCore
import NIOPosix

extension Doctor {
    private var endpoint: Endpoint { credentials.endpoint }

    /// The way to the server: proxy, name, connection.
    ///
    /// - Returns: Whether there is one.
    func findServer(_ run: DiagnosticRun) async -> Bool {
        let proxy = settings.proxies.proxy(
            isSecure: endpoint.isSecure,
            host: endpoint.host,
            port: endpoint.port
        )
        if let proxy {
            run.note(.proxy, .good, "Calls go through the proxy \(proxy.host):\(proxy.port).")
        } else {
            run.note(.proxy, .good, "No proxy: calls go to \(endpoint.host) directly.")
        }
        let (host, port) = proxy.map { ($0.host, $0.port) } ?? (endpoint.host, endpoint.port)
        guard await resolve(host, port, isProxy: proxy != nil, run) else { return false }
        return await connect(host, port, isProxy: proxy != nil, run)
    }

    private func resolve(_ host: String, _ port: Int, isProxy: Bool, _ run: DiagnosticRun) async -> Bool {
        let start = ContinuousClock.now
        do {
            let address = try await NIOThreadPool.singleton.runIfActive {
                try SocketAddress.makeAddressResolvingHost(host, port: port)
            }
            let number = address.ipAddress ?? "\(address)"
            let message = number == host ? "\(host) is an address, not a name." : "\(host) is \(number)."
            run.note(.name, .good, message, time: .now - start)
            return true
        } catch {
            run.note(
                .name,
                .bad,
                "The name \(host) is not known here.",
                advice: isProxy
                    ? "Check HTTPS_PROXY, HTTP_PROXY and ALL_PROXY."
                    : "Check the address, the network, and whether a proxy has to be set by HTTPS_PROXY.",
                error: ClientError(.unreachable, "\(error)")
            )
            return false
        }
    }

    private func connect(_ host: String, _ port: Int, isProxy: Bool, _ run: DiagnosticRun) async -> Bool {
        let start = ContinuousClock.now
        do {
            let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                .connectTimeout(.seconds(10)).connect(host: host, port: port).get()
            let time = ContinuousClock.now - start
            try await channel.close()
            run.note(.connection, .good, "\(host) takes connections at port \(port).", time: time)
            return true
        } catch {
            run.note(
                .connection,
                .bad,
                "\(host) takes no connection at port \(port).",
                advice: isProxy
                    ? "Check HTTPS_PROXY, HTTP_PROXY and ALL_PROXY, or name the host in NO_PROXY."
                    : "Check the address; a firewall may be in between, and a proxy may have to be set by HTTPS_PROXY.",
                error: ClientError(.unreachable, "\(error)")
            )
            return false
        }
    }

    /// The API behind the connection, and its clock.
    ///
    /// - Returns: Whether there is one.
    func meetAPI(_ client: SevenBridgesClient, _ run: DiagnosticRun) async -> Bool {
        guard let (index, time) = await run.attempt(.api, { try await client.index() }) else { return false }
        var message = "\(endpoint) answers"
        if endpoint.isSecure { message += ", encrypted and with a good certificate" }
        let extensions = index.extensions.sorted().joined(separator: ", ")
        message += extensions.isEmpty ? "; it offers no extensions." : "; it offers \(extensions)."
        if endpoint.isSecure || ["127.0.0.1", "localhost", "::1"].contains(endpoint.host) {
            run.note(.api, .good, message, time: time)
        } else {
            run.note(
                .api,
                .warning,
                message,
                advice: "The connection is not encrypted: everybody on the way can read the token. Use https.",
                time: time
            )
        }
        judgeClock(client.clockSkew, run)
        return true
    }

    private func judgeClock(_ skew: TimeInterval, _ run: DiagnosticRun) {
        let seconds = Int(skew.magnitude.rounded())
        guard seconds > 30 else {
            return run.note(.clock, .good, "This machine's clock agrees with the server's.")
        }
        // We judge expiry by the server's clock, so that this alone does no harm.
        run.note(
            .clock,
            .warning,
            "This machine's clock is \(seconds) s \(skew < 0 ? "ahead of" : "behind") the server's.",
            advice: "Set it, best by NTP: certificates are judged by it, and times in receipts are wrong."
        )
    }
}
