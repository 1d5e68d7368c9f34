using System.Net;

namespace TurnServer.Bench.Load.Http;

/// <summary>What carries the requests of a test.</summary>
internal static class LoadHttp
{
    /// <summary>Without loss.</summary>
    public static HttpMessageInvoker Create(LoadOptions options) => new(Carrier(options));

    /// <summary>With the loss that was asked for.</summary>
    public static HttpMessageInvoker CreateLossy(LoadOptions options) => options.Settings.Loss > 0
        ? new HttpMessageInvoker(new LossyHandler(Carrier(options), options.Settings.Loss, options.Seed))
        : Create(options);

    // HttpClient on top would only add a timeout and default headers.
    private static HttpMessageHandler Carrier(LoadOptions options) =>
        options.HasStandardHttp || options.Settings.Url.Scheme != Uri.UriSchemeHttp
            ? StandardHandler()
            : new LeanHandler();

    private static SocketsHttpHandler StandardHandler() => new()
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        AutomaticDecompression = DecompressionMethods.None,
        ActivityHeadersPropagator = null,
        ConnectTimeout = TimeSpan.FromSeconds(5),
        // The server closes what is idle for 15 s: rather than meet that moment, let go first.
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(10),
    };
}
