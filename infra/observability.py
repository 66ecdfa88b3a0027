"""Stack ``observability``: what to look at, and what wakes somebody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions

from infra.alarms import Alarms
from infra.dashboard import service_dashboard

if TYPE_CHECKING:
    from constructs import Construct

    from infra.api import ApiStack
    from infra.inference import InferenceStack
    from infra.settings import BudgetSettings, EnvironmentSettings
    from infra.storage import StorageStack
    from infra.training import TrainingStack


class ObservabilityStack(Stack):
    """One dashboard, one topic, the alarms, and a budget where one is set."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: EnvironmentSettings,
        storage: StorageStack,
        training: TrainingStack,
        inference: InferenceStack,
        api: ApiStack,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        key = kms.Key.from_key_arn(self, "DataKey", storage.key.key_arn)
        topic = sns.Topic(self, "Alarmed", master_key=key, enforce_ssl=True)
        # The topic's own policy replaces SNS's default one, which would let alarms in.
        topic.grant_publish(
            iam.ServicePrincipal(
                "cloudwatch.amazonaws.com",
                conditions={"StringEquals": {"aws:SourceAccount": self.account}},
            )
        )
        if settings.alarms.email:
            topic.add_subscription(subscriptions.EmailSubscription(settings.alarms.email))
        Alarms(
            self,
            "Alarms",
            settings=settings,
            topic=topic,
            training=training,
            inference=inference,
            api=api,
        )
        dashboard = service_dashboard(
            self,
            "Dashboard",
            settings=settings,
            storage=storage,
            training=training,
            inference=inference,
            api=api,
        )
        if settings.budget:
            self._budget(settings.budget)
        CfnOutput(self, "AlarmTopicArn", value=topic.topic_arn)
        CfnOutput(self, "DashboardName", value=dashboard.dashboard_name)

    def _budget(self, budget: BudgetSettings) -> None:
        """The whole account's month: 80 % spent, and 100 % to be expected."""
        subscriber = budgets.CfnBudget.SubscriberProperty(
            subscription_type="EMAIL", address=budget.email
        )
        budgets.CfnBudget(
            self,
            "Budget",
            budget=budgets.CfnBudget.BudgetDataProperty(
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=budgets.CfnBudget.SpendProperty(amount=budget.monthly_usd, unit="USD"),
            ),
            notifications_with_subscribers=[
                budgets.CfnBudget.NotificationWithSubscribersProperty(
                    notification=budgets.CfnBudget.NotificationProperty(
                        notification_type=kind,
                        comparison_operator="GREATER_THAN",
                        threshold=threshold,
                        threshold_type="PERCENTAGE",
                    ),
                    subscribers=[subscriber],
                )
                for kind, threshold in (("ACTUAL", 80), ("FORECASTED", 100))
            ],
        )
