from django.contrib.auth.hashers import check_password, make_password
from django.http import HttpResponse
from django.urls import path

from polls.models import Question


def index(request):
    Question.objects.create(text="What is for dinner?")
    is_same = check_password("secret", make_password("secret"))
    return HttpResponse(f"{Question.objects.count()} questions, password {is_same}\n", content_type="text/plain")


urlpatterns = [path("", index)]
