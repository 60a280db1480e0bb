from os import environ


def get_env_setting(setting):
    try:
        return environ[setting]
    except KeyError:
        raise EnvironmentError("Set the %s env variable" % setting)


SECRET = get_env_setting('WEBAPP_SECRET')
