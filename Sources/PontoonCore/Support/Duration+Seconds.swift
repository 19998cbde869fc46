package import PontoonFoundation

extension Duration {
    /// The duration in seconds, with fractions.
    package var inSeconds: TimeInterval {
        TimeInterval(components.seconds) + TimeInterval(components.attoseconds) / 1e18
    }
}
