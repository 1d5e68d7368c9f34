using System.Net;
using TurnServer.Cli;
using TurnServer.Cluster;
using TurnServer.Tests.Support;

namespace TurnServer.Tests.Cli;

/// <summary>Flags of a cluster that need or exclude each other, and what is said about passwords in clear.</summary>
internal sealed class ClusterFlagsTests
{
    private const int PasswordInClear = 73;
    private const string Http = "http://10.0.0.1:2379,http://10.0.0.2:2379";
    private const string Https = "https://10.0.0.1:2379,https://10.0.0.2:2379";

    [TestCase("--cluster-ca: of no use with the http:// addresses", "--cluster-ca", "ca.pem")]
    [TestCase("--cluster-cert: of no use with the http:// addresses", "--cluster-cert", "a.pem")]
    [TestCase("--cluster-cert, --cluster-key: of no use with the http:// addresses",
        "--cluster-cert", "a.pem", "--cluster-key", "a.key")]
    public void Certificates_with_http_are_one_error_that_names_them_and_the_remedy(string error, params string[] flags)
    {
        Assert.That(ServerFlags.ErrorsOf(["--cluster", Http, .. flags]), Has.Count.EqualTo(1).And.One.StartsWith(error)
            .And.One.EndsWith("Give https:// addresses, or no certificates."));
        Assert.That(ServerFlags.ErrorsOf(["--cluster", Https, .. flags]), Is.Empty);
    }

    [Test]
    public void A_certificate_without_cluster_is_one_error() =>
        Assert.That(ServerFlags.ErrorsOf("--cluster-ca", "ca.pem"),
            Is.EqualTo(["The flags of a cluster require --cluster URL,URL,..."]));

    [TestCase("http://10.0.0.1:2379", true)]
    [TestCase("http://etcd.example:2379", true)]
    [TestCase("http://127.0.0.1:2379,http://10.0.0.1:2379", true)]
    [TestCase("http://127.0.0.1:2379,http://localhost:2379,http://127.0.0.2:2379,http://[::1]:2379", false)]
    [TestCase("https://10.0.0.1:2379", false)]
    public async Task A_password_in_clear_is_a_warning_at_the_start(string endpoints, bool isWarning)
    {
        using var folder = new TempFolder("turnserver-password-");
        await File.WriteAllTextAsync(folder.PathOf("password"), "correct horse\n");
        var options = new ServeOptions
        {
            Cluster = new ClusterOptions
            {
                Endpoints = [.. endpoints.Split(',').Select(endpoint => new Uri(endpoint))],
                Advertise = new DnsEndPoint("127.0.0.1", Ports.Next()),
                User = "ann",
                PasswordFile = folder.PathOf("password"),
            },
        };
        var log = new RecordingLog();
        using var host = new ClusterTableHost(options, log);
        host.Begin();
        await host.AbortAsync();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(log.Entries.Count(entry => entry.Id == PasswordInClear), Is.EqualTo(isWarning ? 1 : 0));
            Assert.That(log.Entries.Select(entry => entry.Text), Has.None.Contains("correct horse"));
            Assert.That((options.Cluster with { User = null, PasswordFile = null }).SendsPasswordInClear, Is.False);
        }
    }
}
