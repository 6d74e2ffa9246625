using System.Globalization;
using FinIntent.Server;
using FinIntent.Tests.Server.Metrics;
using k8s;
using k8s.Models;
using Xunit;
using YamlDotNet.RepresentationModel;

namespace FinIntent.Tests.Deploy;

/// <summary>deploy/kubernetes/serve.yaml and its patch, read by Kubernetes' own types, which refuse unknown fields.</summary>
public sealed class ServeManifestTests
{
    static readonly List<object> All = KubernetesYaml.LoadAllFromString(ServeCalls.Read("kubernetes/serve.yaml"), strict: true);

    static readonly V1Deployment Deployment = Only<V1Deployment>();
    static readonly V1PodSpec Pod = Deployment.Spec.Template.Spec;
    static readonly V1Container Container = Assert.Single(Pod.Containers);

    [Fact]
    public void The_flags_are_those_of_the_program_and_protect_it()
    {
        var options = ServeCalls.Options(Container.Args);

        Assert.Equal(["finintent", "serve"], Container.Command);
        ServeCalls.CheckProtection(options);
        Assert.Equal(Assert.Single(Container.Ports).ContainerPort, options.Port);
    }

    [Fact]
    public void A_pod_is_killed_only_after_it_could_drain()
    {
        var drain = ServeCalls.Options(Container.Args).DrainTimeout + ServeCalls.AfterDrain;
        var preStop = TimeSpan.FromSeconds(Container.Lifecycle.PreStop.Sleep.Seconds);
        var readiness = Container.ReadinessProbe;

        Assert.True(TimeSpan.FromSeconds(Pod.TerminationGracePeriodSeconds!.Value) > preStop + drain);
        // A pod that is not ready any more is out of the Service before it stops to answer.
        Assert.True(preStop > TimeSpan.FromSeconds(readiness.PeriodSeconds!.Value * readiness.FailureThreshold!.Value));
    }

    [Fact]
    public void Probes_ask_the_health_routes()
    {
        Assert.Equal("/health/ready", Container.StartupProbe.HttpGet.Path);
        Assert.Equal("/health/ready", Container.ReadinessProbe.HttpGet.Path);
        Assert.Equal("/health/live", Container.LivenessProbe.HttpGet.Path);
        Assert.All([Container.StartupProbe, Container.ReadinessProbe, Container.LivenessProbe],
            probe => Assert.Equal(Container.Ports[0].Name, probe.HttpGet.Port.Value));
        Assert.True(Container.StartupProbe.PeriodSeconds * Container.StartupProbe.FailureThreshold >= 300);
    }

    [Fact]
    public void Labels_names_and_ports_lead_from_one_object_to_the_next()
    {
        var labels = Deployment.Spec.Template.Metadata.Labels;
        var service = Only<V1Service>();
        var policy = Only<V1NetworkPolicy>();
        Assert.All<IDictionary<string, string>>(
            [
                Deployment.Spec.Selector.MatchLabels, service.Spec.Selector, Only<V1PodDisruptionBudget>().Spec.Selector.MatchLabels,
                policy.Spec.PodSelector.MatchLabels, Assert.Single(Pod.TopologySpreadConstraints).LabelSelector.MatchLabels,
            ], selector => Assert.Equal(labels, selector));

        Assert.Equal(Container.Ports[0].Name, Assert.Single(service.Spec.Ports).TargetPort.Value);
        Assert.Equal(Container.Ports[0].Name, Assert.Single(Assert.Single(policy.Spec.Ingress).Ports).Port.Value);
        Assert.Equal($"{Container.Ports[0].ContainerPort}", Deployment.Spec.Template.Metadata.Annotations["prometheus.io/port"]);
        Assert.Equal(Container.VolumeMounts.Select(mount => mount.Name), Pod.Volumes.Select(volume => volume.Name));
    }

    [Fact]
    public void Keys_and_model_are_where_the_flags_name_them()
    {
        var keys = Container.VolumeMounts.Single(mount => mount.Name == "keys").MountPath;

        Assert.Equal($"{keys}/api-keys", ServeCalls.Options(Container.Args).ApiKeyFile);
        Assert.Contains($"--model={Container.VolumeMounts.Single(mount => mount.Name == "model").MountPath}", Container.Args);
        // The comment that tells how to make the secret gives it this key.
        Assert.Contains($"create secret generic {Pod.Volumes.Single(v => v.Name == "keys").Secret.SecretName} --from-file=api-keys",
            ServeCalls.Read("kubernetes/serve.yaml"));
    }

    [Fact]
    public async Task Pods_grow_with_a_gauge_of_the_server_that_the_adapter_passes_on()
    {
        var scaler = Only<V2HorizontalPodAutoscaler>().Spec;
        var metric = Assert.Single(scaler.Metrics);
        var rule = ((YamlSequenceNode)ServeCalls.Yaml("kubernetes/prometheus-adapter.yaml")["rules"]["custom"]).Single();
        using MetricsFixture metrics = new();
        var published = await metrics.Scrape();

        Assert.Equal((Deployment.Kind, Deployment.Metadata.Name), (scaler.ScaleTargetRef.Kind, scaler.ScaleTargetRef.Name));
        Assert.StartsWith(metric.Pods.Metric.Name + "{", rule["seriesQuery"].ToString());
        Assert.Equal("gauge", published.Families[metric.Pods.Metric.Name].Type);
        // It must rise before the queue is full and callers are refused.
        var target = int.Parse(metric.Pods.Target.AverageValue.ToString(), CultureInfo.InvariantCulture);
        Assert.True(target < new ServeOptions().MaxQueueRows / 2);
        Assert.Null(Deployment.Spec.Replicas);
    }

    [Fact]
    public void A_pod_may_write_nothing_and_call_nobody()
    {
        var policy = Only<V1NetworkPolicy>().Spec;

        var rights = Container.SecurityContext;
        Assert.Equal((true, false), (rights.ReadOnlyRootFilesystem, rights.AllowPrivilegeEscalation));
        Assert.Equal(["ALL"], rights.Capabilities.Drop);
        Assert.True(Pod.SecurityContext.RunAsNonRoot);
        Assert.False(Pod.AutomountServiceAccountToken);
        Assert.Equal(["Ingress", "Egress"], policy.PolicyTypes);
        Assert.Empty(policy.Egress);
    }

    [Fact]
    public void The_patch_for_gpus_names_what_it_patches()
    {
        var patch = KubernetesYaml.Deserialize<V1Deployment>(ServeCalls.Read("kubernetes/serve-gpu.yaml"), strict: true);
        var patched = Assert.Single(patch.Spec.Template.Spec.Containers);

        Assert.Equal((Deployment.Metadata.Name, Container.Name), (patch.Metadata.Name, patched.Name));
        Assert.Equal("1", patched.Resources.Limits["nvidia.com/gpu"].ToString());
        Assert.Equal($"{Container.Image}-cuda", patched.Image);
    }

    static T Only<T>() => Assert.Single(All.OfType<T>());
}
