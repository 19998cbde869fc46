import PontoonFoundation
import NIOCore
import NIOPosix

extension Doctor {
    private var endpoint: Endpoint { credentials.endpoint }

    /// Checks whether a proxy is used, and whether the API's host or the proxy can be resolved and accepts connections.
    ///
    /// - Returns: Whether a connection was established.
    func checkNetwork(_ run: DiagnosticRun) async -> Bool {
        let proxy = settings.proxies.proxy(
            isSecure: endpoint.isSecure,
            host: endpoint.host,
            port: endpoint.port
        )
        if let proxy {
            run.note(.proxy, .good, "Requests use the proxy \(proxy.host):\(proxy.port).")
        } else {
            run.note(.proxy, .good, "Requests go directly to \(endpoint.host), without a proxy.")
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
            let message = number == host ? "\(host) is an IP address." : "\(host) resolves to \(number)."
            run.note(.name, .good, message, time: .now - start)
            return true
        } catch {
            run.note(
                .name,
                .bad,
                "Cannot resolve the host name \(host).",
                advice: isProxy
                    ? "Check HTTPS_PROXY, HTTP_PROXY and ALL_PROXY."
                    : "Check the URL and the network. If you need a proxy, set HTTPS_PROXY.",
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
            run.note(.connection, .good, "\(host) accepts connections on port \(port).", time: time)
            return true
        } catch {
            run.note(
                .connection,
                .bad,
                "Cannot connect to \(host) on port \(port).",
                advice: isProxy
                    ? "Check HTTPS_PROXY, HTTP_PROXY and ALL_PROXY, or add the host to NO_PROXY."
                    : "Check the URL and any firewall. If you need a proxy, set HTTPS_PROXY.",
                error: ClientError(.unreachable, "\(error)")
            )
            return false
        }
    }

    /// Checks TLS, the API and the clock.
    ///
    /// - Returns: Whether the API returned a valid response.
    func checkAPI(_ client: SevenBridgesClient, _ run: DiagnosticRun) async -> Bool {
        guard let (index, time) = await run.attempt(.api, { try await client.index() }) else { return false }
        var message = "\(endpoint) responds"
        if endpoint.isSecure { message += ", with a trusted certificate" }
        let extensions = index.extensions.sorted().joined(separator: ", ")
        message += extensions.isEmpty ? "; it has no extensions." : "; its extensions are \(extensions)."
        if endpoint.isSecure || ["127.0.0.1", "localhost", "::1"].contains(endpoint.host) {
            run.note(.api, .good, message, time: time)
        } else {
            run.note(
                .api,
                .warning,
                message,
                advice: "The connection is not encrypted, so the token can be read on the network. Use https.",
                time: time
            )
        }
        checkClock(client.clockSkew, run)
        return true
    }

    private func checkClock(_ skew: TimeInterval, _ run: DiagnosticRun) {
        let seconds = Int(skew.magnitude.rounded())
        guard seconds > 30 else {
            return run.note(.clock, .good, "The local clock agrees with the server's.")
        }
        // Only a warning, because the client uses the server's clock to check whether a signed URL has expired.
        run.note(
            .clock,
            .warning,
            "The local clock is \(seconds) s \(skew < 0 ? "ahead of" : "behind") the server's.",
            advice: "Synchronize the local clock with NTP. It affects certificate checks and the times in receipts."
        )
    }
}
